"""The 14 lesson plan quality measures: what is read in a plan, and in which order gaps matter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

__all__ = ["MEASURES", "RUBRIC", "Measure"]


@dataclass(frozen=True, slots=True)
class Measure:
    """One binary quality measure.

    Args:
        key: Stable identifier.
        title: Name shown to people.
        definition: The measure is present when the plan states this.
        near_misses: What looks like the measure and is not.
        source: Where the measure comes from.
        value: How much a repair usually helps pupils, for ordering nudges (1 low, 3 high).
        needs: Measures of which at least one comes before this one among the gaps.
    """

    key: str
    title: str
    definition: str
    near_misses: str
    source: str
    value: int
    needs: tuple[str, ...] = ()


RUBRIC: tuple[Measure, ...] = (
    Measure(
        key="measurable_objective",
        title="Measurable objective",
        definition="at least one objective that is an observable pupil performance on this lesson's content "
        "(explain, solve, label, write, compare, build)",
        near_misses="a topic, an activity or a teacher action; only know, understand, learn about or appreciate",
        source="Danielson 1c; Oak National Academy (outcome with a command verb); Wiliam strategy 1",
        value=3,
    ),
    Measure(
        key="success_criteria",
        title="Success criteria",
        definition="what good work contains: criteria, rubric, checklist, model answer or expected features of "
        "the product",
        near_misses="the objective said again; 'teacher marks the work'; an answer key to closed questions alone",
        source="Wiliam strategy 1; Oak National Academy feedback types",
        value=2,
        needs=("measurable_objective",),
    ),
    Measure(
        key="prior_knowledge",
        title="Prior knowledge",
        definition="pupils recall or use named earlier knowledge at or near the start (retrieval questions, KWL, "
        "warm-up on earlier content)",
        near_misses="a hook with no link to earlier knowledge; 'recap last lesson' with nothing named; a list of "
        "prerequisites nobody uses",
        source="Rosenshine 1; 5E Engage; Oak starter quiz",
        value=2,
    ),
    Measure(
        key="modelling",
        title="Modelling",
        definition="the teacher shows how with named content before pupils try: worked example, demonstration, "
        "think-aloud, exemplar walked through",
        near_misses="explain, lecture, introduce, present slides; pupils watch a video about the topic",
        source="Rosenshine 4; Oak explanation",
        value=3,
    ),
    Measure(
        key="gradual_release",
        title="Gradual release",
        definition="on the same skill a supported step and a later less supported one (alone, new case)",
        near_misses="a single practice; homework alone; two unrelated activities",
        source="Rosenshine 5, 8, 9; I do, we do, you do",
        value=2,
        needs=("modelling",),
    ),
    Measure(
        key="check_for_understanding",
        title="Check for understanding",
        definition="during the lesson a concrete question or task with a way to see nearly every pupil's thinking, "
        "or look-fors or expected answers to the question asked while pupils work",
        near_misses="'ask questions', 'monitor', 'circulate'; a check only at the end",
        source="Wiliam strategy 2; Rosenshine 3, 6; Oak check for understanding",
        value=3,
    ),
    Measure(
        key="exit_assessment",
        title="Exit assessment",
        definition="at the end every pupil produces something that shows the objective (exit ticket, quiz, "
        "paragraph, product handed in or presented)",
        near_misses="plenary talk, recap by the teacher, clean up, volunteers share; homework for later",
        source="Oak exit quiz; 5E Evaluate; EQuIP assessment",
        value=3,
        needs=("measurable_objective",),
    ),
    Measure(
        key="responsive_feedback",
        title="Responsive feedback",
        definition="what happens with the evidence: if-then, reteach, regroup, specific feedback with time to use "
        "it, the next lesson's start depends on it",
        near_misses="a check with no consequence; grades only",
        source="Wiliam strategy 3; Hattie and Timperley 2007",
        value=2,
        needs=("check_for_understanding", "exit_assessment"),
    ),
    Measure(
        key="higher_order_thinking",
        title="Higher-order thinking",
        definition="a required pupil task that goes beyond the given text: explain why, compare, justify, predict, "
        "design, argue, analyse data",
        near_misses="listen, copy, recall, fill gaps, follow steps",
        source="ICAP constructive and interactive; revised Bloom",
        value=2,
    ),
    Measure(
        key="structured_participation",
        title="Structured participation",
        definition="a routine that makes every pupil respond or contribute: think-pair-share, roles, turn rules, "
        "everyone writes then shares",
        near_misses="'discuss in groups', 'class discussion', hands up",
        source="Wiliam strategy 4; Rosenshine 3",
        value=2,
    ),
    Measure(
        key="differentiation",
        title="Differentiation",
        definition="a concrete adaptation tied to a task or to learners: word bank, sentence stems, manipulatives, "
        "captions, choice of mode, a specific extension, an adjusted version",
        near_misses="'differentiate as needed'; 'help those who struggle'; fast finishers help others",
        source="CAST UDL 3.0; Danielson 1b; EQuIP supports",
        value=2,
    ),
    Measure(
        key="misconceptions",
        title="Misconceptions",
        definition="a likely error or misconception named and a response to it",
        near_misses="'common mistakes will be corrected'; an error named with nothing done",
        source="Oak misconceptions; Danielson 1a",
        value=2,
    ),
    Measure(
        key="vocabulary",
        title="Vocabulary",
        definition="at least one key term taught: definition, picture, example and non-example, or required use",
        near_misses="a bare word list",
        source="Oak keywords; UDL language and symbols",
        value=1,
    ),
    Measure(
        key="pacing_and_materials",
        title="Pacing and materials",
        definition="durations for two or more phases and materials named",
        near_misses="a total time only; one without the other",
        source="Danielson 1d, 1e",
        value=1,
    ),
)
"""The measures in the order of the rubric."""

MEASURES: Mapping[str, Measure] = MappingProxyType({measure.key: measure for measure in RUBRIC})
"""The same measures by key."""
