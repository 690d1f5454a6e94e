# SPDX-License-Identifier: GPL-2.0
#
# What gdb does for `make debug`: it connects to the guest that waits, lets it run to where
# the case's own code is in memory, tells where the sources are and where the module came to
# lie, and lets it run on to the statement. The host program writes the dictionary SESSION
# before these lines, and gdb reads both with -x.

import gdb
import os
import sys


class Console(gdb.Command):
    """Show what the guest has printed: "console new" since it was last shown."""

    def __init__(self):
        super().__init__("console", gdb.COMMAND_STATUS)
        self.shown = 0

    def text(self):
        with open(SESSION["console"], errors="replace") as log:
            return log.read().replace("\r", "")

    def invoke(self, words, _from_tty):
        text = self.text()
        gdb.write(text[self.shown if words == "new" else 0 :])
        self.shown = len(text)

    def case(self):
        """What the case has printed up to now."""
        text = self.text()
        begin = text.rfind("oopsarium: begin")
        self.shown = len(text)
        return text[text.rfind("\n", 0, begin) + 1 :] if begin >= 0 else ""

    def follow(self):
        """From now on, what is new is shown whenever the guest stops."""
        gdb.events.stop.connect(self.stopped)

    def stopped(self, event):
        self.invoke("new", False)
        # So QEMU reports that the guest restarts or is switched off.
        if getattr(event, "stop_signal", "") == "SIGQUIT":
            gdb.write("\nthe guest is at its end; what was in its memory is still there\n")
            AtEnd.guard()


class AtEnd(gdb.Command):
    """What stands in the way of letting a guest run that is at its end: gdb would wait for
    ever."""

    NAME = "oopsarium-at-end"
    RUN = "advance continue finish jump next nexti signal step stepi until".split()

    @classmethod
    def guard(cls):
        cls(cls.NAME, gdb.COMMAND_RUNNING)
        for command in cls.RUN:
            gdb.execute(f"define hook-{command}\n{cls.NAME}\nend")

    def invoke(self, _words, _from_tty):
        raise gdb.GdbError("the guest is at its end: it cannot run on")


def run_to(addresses, kind, place):
    """Lets the guest run to any of the addresses."""
    # With an internal breakpoint gdb shows the line that something is inlined in, and not
    # what is inlined there.
    stops = [
        gdb.Breakpoint(f"*{address:#x}", type=kind, internal=True) for address in addresses
    ]
    try:
        gdb.execute("continue")
    finally:
        for stop in stops:
            stop.delete()
    if gdb.selected_frame().pc() not in addresses:
        raise gdb.GdbError(f"the guest did not come to {place}, but to {where()}")


def where():
    frame = gdb.selected_frame()
    return f"{frame.name() or 'unknown code'} ({frame.pc():#x})"


def sections_of_module():
    """The name and the address of each section of the module that do_init_module() is
    called for, and the module's name; as the kernel's own scripts/gdb/linux/symbols.py."""
    frame = gdb.selected_frame()
    module = gdb.lookup_type("struct module", frame.block()).pointer()
    module = frame.read_register(SESSION["argument"]).cast(module)
    attributes = module["sect_attrs"]
    each = [attributes["attrs"][i] for i in range(int(attributes["nsections"]))]
    named = {str(one["battr"]["attr"]["name"].string()): int(one["address"]) for one in each}
    return module["name"].string(), named


def load_module():
    """Waits for the module, and loads its symbols to where it is."""
    [(wanted, file)] = SESSION["module"]
    while True:
        run_to_gate()
        name, sections = sections_of_module()
        if name == wanted:
            words = [f"-s {section} {start:#x}" for section, start in sections.items()]
            gdb.execute(f"add-symbol-file {quoted(file)} {' '.join(words)}", to_string=True)
            return sections


def run_to_gate():
    gate = SESSION["gate"]
    # Others would be written into memory that is not mapped yet, on KVM.
    run_to([gate["address"]], gdb.BP_HARDWARE_BREAKPOINT, f"{gate['name']}()")


def quoted(path):
    path = path.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{path}"'


def load_symbols():
    for old, new in SESSION["substitutions"]:
        gdb.execute(f"set substitute-path {quoted(old)} {quoted(new)}")
    # It warns of an index that it does not know, and reads what that is of instead.
    gdb.execute(f"file {quoted(SESSION['vmlinux'])}", to_string=True)
    for script in SESSION["helpers"]:
        # They look for the rest beside themselves, and gdb tells them that they are this file.
        sys.path.insert(0, os.path.join(os.path.dirname(script), "scripts/gdb"))
        gdb.execute(f"source {script}")
        for one in gdb.Command.__subclasses__() + gdb.Function.__subclasses__():
            if one.__module__.startswith("linux."):
                one.invoke = in_c(one.invoke)


def in_c(invoke):
    """The kernel's helpers think in C, and the guest often stands in Rust."""

    def invoke_in_c(*words):
        language = gdb.parameter("language")
        gdb.execute("set language c", to_string=True)
        try:
            return invoke(*words)
        finally:
            gdb.execute(f"set language {language}", to_string=True)

    return invoke_in_c


def start(console):
    load_symbols()
    gdb.execute(f"target remote {SESSION['socket']}")
    sections = {"": 0}
    if SESSION["module"]:
        sections = load_module()
    else:
        run_to_gate()
    starts = [sections[one["section"]] + one["offset"] for one in SESSION["starts"]]
    run_to(starts, gdb.BP_BREAKPOINT, SESSION["place"])
    gdb.write(console.case())
    gdb.write(SESSION["banner"])


def main():
    console = Console()
    paged = gdb.parameter("pagination")
    for setting in ["confirm off", "pagination off", "suppress-cli-notifications on"]:
        gdb.execute(f"set {setting}")
    try:
        start(console)
    except (gdb.error, gdb.GdbError) as error:
        gdb.write(f"{console.text()}{error}\n", gdb.STDERR)
    gdb.execute("set suppress-cli-notifications off")
    console.follow()
    if gdb.selected_thread():
        gdb.execute("frame")
    # Only now: gdb would count what was said up to here.
    gdb.execute(f"set pagination {'on' if paged else 'off'}")


main()
