"""The two kinds of teacher: a trained model, and a file of a language model's probabilities."""

from mtl_core.training.teacher_files import (
    Judgement,
    TaughtExamples,
    TeacherFile,
    read_teacher_file,
    taught_by_file,
)
from mtl_core.training.teacher_models import Teacher, taught_by_model

__all__ = [
    "Judgement",
    "TaughtExamples",
    "Teacher",
    "TeacherFile",
    "read_teacher_file",
    "taught_by_file",
    "taught_by_model",
]
