"""The pipeline in containers: one for each wheel, of an image that has what the target needs."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import xbuild
from xbuild.build.process import clean_environ
from xbuild.build.source import check_source, find_requirement
from xbuild.engines import wire, worker
from xbuild.engines.container.building import engine_errors
from xbuild.engines.container.client import open_client
from xbuild.engines.container.conversation import Conversation
from xbuild.engines.container.facts import ask_engine
from xbuild.engines.container.images import DEFAULT_BASE, ImageRequest, ensure_image, find_image
from xbuild.engines.container.limits import ANY_NETWORK, Limits
from xbuild.engines.container.mounts import mount, target_mounts
from xbuild.engines.container.outcome import check_report, wheel_name
from xbuild.engines.container.plan import FOLDER, Mount, Plan
from xbuild.engines.container.sandbox import open_sandbox
from xbuild.engines.container.settings import (
    certificate_settings,
    certificates,
    index_settings,
    network_mode,
    proxies,
)
from xbuild.engines.container.wheelhouse import Wheelhouse
from xbuild.errors import EngineError
from xbuild.pipeline import Result, Step, deliver, fetch_source
from xbuild.provision.cache import Cache
from xbuild.selection import DEFAULT_PYTHON
from xbuild.wheels.verify import expectation_for, verify_wheel

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import docker

    from xbuild.engines.container.sandbox import Sandbox
    from xbuild.pipeline import WheelRequest
    from xbuild.progress import Progress
    from xbuild.selection import Selection

_BUNDLE = "certificates.pem"
_SOURCE = PurePosixPath("/xbuild/source")
# Of the caller's environment, what a build is known to obey; a container has nothing else of it.
_PASSED_ON = frozenset(
    {"CFLAGS", "CXXFLAGS", "CPPFLAGS", "FFLAGS", "FCFLAGS", "LDFLAGS", "RUSTFLAGS"}
    | {"CMAKE_ARGS", "CMAKE_BUILD_PARALLEL_LEVEL", "MAKEFLAGS", "SOURCE_DATE_EPOCH"}
)
_PASSED_ON_PREFIXES = ("SKBUILD_", "SETUPTOOLS_SCM_", "HATCH_")


@dataclass(frozen=True, kw_only=True, slots=True)
class ContainerEngine:
    """An :class:`xbuild.engines.Engine`: ``image`` is one of the user's own, else one is made when it is needed."""

    image: str | None = None
    platform: str | None = None
    limits: Limits = field(default_factory=Limits)

    def plan(self, request: WheelRequest, *, environ: Mapping[str, str]) -> tuple[Step, ...]:  # noqa: ARG002, an Engine's
        """Return the steps around the container and the one that is in it."""
        return tuple(Step(title=title) for title in self._plan(request))

    def run(self, request: WheelRequest, *, progress: Progress, environ: Mapping[str, str]) -> Result:
        """Build each wheel in a container of its own. Raises :class:`EngineError` where the engine fails."""
        cache = Cache.default(environ, progress=progress)
        results = []
        with closing(open_client(environ)) as client:
            for selection in request.selections:
                with cache.workspace() as scratch:
                    one = _OneRun(
                        engine=self,
                        client=client,
                        request=replace(request, selections=(selection,)),
                        cache=cache,
                        scratch=scratch,
                        progress=progress,
                        environ=environ,
                    )
                    results.append(one.run())
        return Result(
            wheels=tuple(wheel for result in results for wheel in result.wheels),
            report={**results[0].report, "builds": [each for result in results for each in result.report["builds"]]},
        )

    def _plan(self, request: WheelRequest) -> Iterator[str]:
        for selection in request.selections:
            label = selection.target.name + (f", CPython {selection.python}" if selection.python else "")
            yield f"{label}: " + (
                f"use the image {self.image}" if self.image else f"use an image for it on {DEFAULT_BASE}, built if new"
            )
            network = f"the network {self.limits.network}" if self.limits.network else "no network"
            yield f"{label}: build a wheel from {request.source} in a container with {network}"
            if request.is_tested:
                yield f"{label}: test it there under the emulator: {request.test_command or 'import its modules'}"
        yield f"verify and put {'the wheels' if len(request.selections) > 1 else 'the wheel'} into {request.outdir}"


@dataclass(frozen=True, kw_only=True, slots=True)
class _OneRun:
    """One wheel: ``request`` has one selection; ``scratch`` is removed when it is over."""

    engine: ContainerEngine
    client: docker.DockerClient
    request: WheelRequest
    cache: Cache
    scratch: Path
    progress: Progress
    environ: Mapping[str, str]

    @property
    def selection(self) -> Selection:
        """The one selection."""
        return self.request.selections[0]

    def run(self) -> Result:
        """Make the container, follow it to its end, and take out the wheel."""
        source = self._source()
        image = self._image()
        facts = ask_engine(self.client)
        plan = Plan(
            image=image,
            platform=self.engine.platform,
            mounts=(source, *target_mounts(self.selection), *self._linked()),
            limits=self._limits(),
            memory=self.engine.limits.memory or (facts.memory or 0) * 3 // 4,
            environment=self._network_environment(),
            engine=facts,
        )
        with open_sandbox(self.client, plan, scratch=self.scratch) as sandbox:
            for note in (*plan.notes, *sandbox.warnings):
                self.progress.note(f"the container engine: {note}")
            sandbox.put(self._files(source))
            conversation = Conversation(
                source=self.request.source,
                sandbox=sandbox,
                plan=plan,
                wheelhouse=self._wheelhouse(),
                progress=self.progress,
                logs=self.cache.root / "logs",
            )
            return self._take(sandbox, conversation.hold(), image=image)

    def _source(self) -> Mount:
        """Have the source at hand, and see that it is one, before anything slow is done."""
        requirement = find_requirement(self.request.source)
        if requirement is None:
            here = check_source(self.request.source)
        else:
            here = fetch_source(
                requirement,
                python_version=(self.selection.python or DEFAULT_PYTHON).removesuffix("t"),
                directory=self.scratch,
                cache=self.cache,
                offline=self.selection.offline,
                progress=self.progress,
                environ=self.environ,
            )
        # Its name stays: messages and logs have it. The cache has a download under another one.
        name = here.name if requirement is not None else here.resolve().name
        return Mount(here=here.resolve(), inside=_SOURCE / (name or "source"))

    def _image(self) -> str:
        if self.engine.image is not None:
            with engine_errors("looking for its images"):
                return find_image(self.client, self.engine.image, self.engine.platform, progress=self.progress)
        wanted = ImageRequest(selections=(self.selection,), platform=self.engine.platform)
        return ensure_image(self.client, wanted, environ=self.environ, progress=self.progress)

    def _linked(self) -> tuple[Mount, ...]:
        """The folders of wheels: only a build with a network looks into them itself."""
        if not self.engine.limits.network:
            return ()
        folders = (Path(text).expanduser().absolute() for text in self.request.find_links if "://" not in text)
        return tuple(mount(folder) for folder in folders)

    def _network_environment(self) -> dict[str, str]:
        if not self.engine.limits.network:
            return {}
        bundle = certificate_settings(f"{FOLDER}/{_BUNDLE}") if certificates(self.environ) else {}
        return {**proxies(self.environ), **index_settings(self.environ), **bundle}

    def _files(self, source: Mount) -> dict[str, bytes]:
        """What the container is given before it starts."""
        files = {worker.REQUEST: json.dumps(self._document(source)).encode()}
        bundle = certificates(self.environ) if self.engine.limits.network else None
        return files | ({_BUNDLE: bundle} if bundle else {})

    def _limits(self) -> Limits:
        """The limits, with the network that this machine's containers have to use."""
        limits = self.engine.limits
        chosen = network_mode(self.environ) if limits.network == ANY_NETWORK else None
        return replace(limits, network=chosen) if chosen else limits

    def _document(self, source: Mount) -> dict[str, Any]:
        network = self.engine.limits.network is not None
        inside = replace(
            self.request,
            source=str(source.inside),
            # The image knows its archive, by a name of its own.
            selections=(replace(self.selection, archive=None, offline=self.selection.offline or not network),),
            find_links=self.request.find_links if network else (),
            outdir=Path(FOLDER, worker.OUT),
        )
        passed_on = {
            name: value
            for name, value in clean_environ(self.environ).items()
            if name in _PASSED_ON or name.startswith(_PASSED_ON_PREFIXES)
        }
        return {
            "xbuild": xbuild.__version__,
            "request": wire.encode_request(inside),
            "environ": passed_on,
            "network": network,
            "verbose": True,
        }

    def _take(self, sandbox: Sandbox, result: Mapping[str, Any], *, image: str) -> Result:
        """Deliver the wheel: a stranger's code may have written it, so it is looked at again here."""
        names = result["wheels"]
        files = sandbox.get(worker.OUT)
        if len(names) != 1 or names[0] not in files:
            raise EngineError("the container says that it made a wheel, and has none")
        made = self.scratch / wheel_name(names[0])
        made.write_bytes(files[names[0]])
        verification = verify_wheel(
            made, expectation_for(made, target=self.selection.target, python=self.selection.python)
        )
        verification.raise_for_errors()
        report = result["report"]
        check_report(report, made)
        for build in report["builds"]:
            build["container"] = {"image": image}
        return Result(wheels=(deliver(made, self.request.outdir),), report=report)

    def _wheelhouse(self) -> Wheelhouse:
        folder = self.scratch / "wheelhouse"
        folder.mkdir()
        return Wheelhouse(
            folder=folder,
            cache=self.cache,
            environ=self.environ,
            progress=self.progress,
            find_links=self.request.find_links,
            offline=self.selection.offline,
        )
