"""What runs in the browser beside Gradio, as functions that its events call."""

from __future__ import annotations

__all__ = ["AFTER", "FIND_THREAD", "SELECTION", "SHOW_COACH"]

FIND_THREAD = """() => {
    const thread = new URLSearchParams(window.location.search).get("thread") || "";
    // until the plan is there, a press would be about another one
    document.getElementById("columns").inert = thread !== "";
    return [thread, "", ""];
}"""
"""When the page is there: names the plan of its address."""

AFTER = """(thread) => {
    const here = new URL(window.location);
    if (thread) here.searchParams.set("thread", thread); else here.searchParams.delete("thread");
    window.history.replaceState(null, "", here);
    // the conversation scrolls but cannot be reached by keyboard
    document.querySelector("#chat [role=log]")?.setAttribute("tabindex", "0");
    document.getElementById("columns").inert = false;
    document.body.dataset.ready = "yes";
}"""
"""After each answer: the address names the open plan."""

SHOW_COACH = """() => {
    // on a phone the coach stands below the plan, so its answer would be out of sight
    if (window.matchMedia("(max-width: 767px)").matches && document.querySelector("#use:not(:disabled)"))
        document.getElementById("coach").scrollIntoView({block: "start"});
}"""
"""After a plan was read."""

SELECTION = """(thread, sequence, nudge) => {
    const box = document.querySelector("#plan textarea");
    const typed = box ? box.value.slice(box.selectionStart, box.selectionEnd) : "";
    return [thread, sequence, nudge, window.getSelection().toString() || typed];
}"""
"""Before "Already there": what is selected."""
