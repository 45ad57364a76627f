fn main() {
    println!("the answer is {}", 6 * 7);
}
