"""Starting the user's own shell so that its start-up files neither undo the environment nor are changed. Pure.

Each shell is led to a file of ours, which reads the user's, sets the variables again (a start-up file may put other
programs first on PATH) and marks the prompt.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from xbuild.crossfiles import quoting

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

# POSIX, for sh and its like, bash and zsh.
_VARIABLES = """\
# The environment of the cross build.
{unset}{exports}PATH={path}${{PATH:+:$PATH}}
export PATH
"""
_SH = """\
# For sh and its like, as ENV.
if [ -n "${{_XBUILD_USERS_ENV-}}" ]; then
    ENV=$_XBUILD_USERS_ENV
    if [ -r "$ENV" ]; then . "$ENV"; fi
else
    unset ENV
fi
unset _XBUILD_USERS_ENV
. {variables}
PS1={mark}${{PS1-'$ '}}
"""
_BASH = """\
# For bash, as --rcfile.
if [ -r ~/.bashrc ]; then . ~/.bashrc; fi
. {variables}
_xbuild_prompt() {{
    case $PS1 in
    {mark}*) ;;
    *) PS1={mark}$PS1 ;;
    esac
}}
# After what makes the prompt anew each time.
case $(declare -p PROMPT_COMMAND 2>/dev/null) in
'declare -a'*) PROMPT_COMMAND+=(_xbuild_prompt) ;;
*) PROMPT_COMMAND=${{PROMPT_COMMAND:+$PROMPT_COMMAND$'\\n'}}_xbuild_prompt ;;
esac
"""
_ZSH_GIVE_BACK = """\
if [[ -n ${_XBUILD_USERS_ZDOTDIR+set} ]]; then
    ZDOTDIR=$_XBUILD_USERS_ZDOTDIR
else
    unset ZDOTDIR
fi
"""
_ZSHENV = """\
# For zsh, which looks for its start-up files in ZDOTDIR.
{give_back}if [[ -r ${{ZDOTDIR:-$HOME}}/.zshenv ]]; then source "${{ZDOTDIR:-$HOME}}/.zshenv"; fi
. {variables}
if [[ -o interactive ]]; then
    unset _XBUILD_USERS_ZDOTDIR
    if [[ -n ${{ZDOTDIR+set}} ]]; then _XBUILD_USERS_ZDOTDIR=$ZDOTDIR; fi
    ZDOTDIR={folder}
else
    unset _XBUILD_USERS_ZDOTDIR
fi
"""
_ZSHRC = """\
{give_back}unset _XBUILD_USERS_ZDOTDIR
if [[ -r ${{ZDOTDIR:-$HOME}}/.zshrc ]]; then source "${{ZDOTDIR:-$HOME}}/.zshrc"; fi
. {variables}
_xbuild_prompt() {{
    [[ $PROMPT == {mark}* ]] || PROMPT={mark}$PROMPT
}}
typeset -ga precmd_functions
precmd_functions+=(_xbuild_prompt)
"""
_FISH = """\
# For fish, as --init-command.
{unset}{exports}set -gx PATH {path} $PATH
functions -q fish_prompt; and functions -c fish_prompt _xbuild_users_prompt
function _xbuild_status
    return $argv[1]
end
function fish_prompt
    set -l last $status
    printf %s {mark}
    _xbuild_status $last
    functions -q _xbuild_users_prompt; and _xbuild_users_prompt
end
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Startup:
    """What a shell is started with: ``path`` comes first on PATH, and ``unset`` are variables that must not be there.

    ``name`` is shown in the prompt.
    """

    name: str
    variables: Mapping[str, str]
    unset: Collection[str]
    path: Sequence[Path]

    @property
    def mark(self) -> str:
        """What stands before the prompt."""
        return f"(xbuild {self.name}) "


def startup_files(startup: Startup, folder: Path) -> Mapping[Path, str]:
    """Return the texts of the files in ``folder`` that :func:`shell_command` refers to."""
    variables, zsh = folder / "variables.sh", folder / "zsh"
    mark = quoting.shell(startup.mark)
    include = quoting.shell(str(variables))
    return {
        variables: _posix_variables(startup),
        folder / "sh": _SH.format(variables=include, mark=mark),
        folder / "bash": _BASH.format(variables=include, mark=mark),
        zsh / ".zshenv": _ZSHENV.format(give_back=_ZSH_GIVE_BACK, variables=include, folder=quoting.shell(str(zsh))),
        zsh / ".zshrc": _ZSHRC.format(give_back=_ZSH_GIVE_BACK, variables=include, mark=mark),
        folder / "fish": _fish(startup),
    }


def shell_command(shell: str, folder: Path, environ: Mapping[str, str]) -> tuple[list[str], dict[str, str]]:
    """Return the arguments and the variables that make ``shell`` (its path) use the files in ``folder``.

    ``environ`` is the user's: what it says of start-up files is kept for them. A shell that is not known gets neither:
    it has the environment it inherits, as far as its own start-up files leave it.
    """
    match Path(shell).name:
        case "bash":
            return ["--rcfile", str(folder / "bash")], {}
        case "zsh":
            return [], {"ZDOTDIR": str(folder / "zsh"), **_kept("_XBUILD_USERS_ZDOTDIR", environ.get("ZDOTDIR"))}
        case "fish":
            return ["--init-command", f"source {_fish_quoted(str(folder / 'fish'))}"], {}
        case "sh" | "dash" | "ash" | "busybox" | "ksh" | "ksh93" | "mksh" | "yash":
            return [], {"ENV": str(folder / "sh"), **_kept("_XBUILD_USERS_ENV", environ.get("ENV"))}
        case _:
            return [], {}


def _kept(name: str, value: str | None) -> dict[str, str]:
    return {} if value is None else {name: value}


def _posix_variables(startup: Startup) -> str:
    return _VARIABLES.format(
        unset="".join(f"unset {name}\n" for name in sorted(startup.unset)),
        exports="".join(f"export {name}={quoting.shell(value)}\n" for name, value in startup.variables.items()),
        path=quoting.shell(":".join(map(str, startup.path))),
    )


def _fish(startup: Startup) -> str:
    return _FISH.format(
        unset="".join(f"set -e {name}\n" for name in sorted(startup.unset)),
        exports="".join(f"set -gx {name} {_fish_quoted(value)}\n" for name, value in startup.variables.items()),
        path=" ".join(_fish_quoted(str(folder)) for folder in startup.path),
        mark=_fish_quoted(startup.mark),
    )


def _fish_quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
