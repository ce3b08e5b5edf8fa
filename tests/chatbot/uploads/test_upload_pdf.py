from __future__ import annotations

from typing import TYPE_CHECKING

from made_files import pdf_bytes, write_lines

from chatbot.uploads.pdf import pdf_text

if TYPE_CHECKING:
    from reportlab.pdfgen.canvas import Canvas


def test_headings_by_size_bullets_and_hyphens() -> None:
    def draw(canvas: Canvas, page: int) -> None:
        canvas.setFont("Helvetica-Bold", 20)
        canvas.drawString(60, 760, "Water moves around")
        canvas.setFont("Helvetica-Bold", 11)
        canvas.drawString(60, 730, "Objectives")
        write_lines(
            canvas,
            [
                "• Pupils explain evapo-",
                "ration in a well-",
                "known place.",
                "• Pupils label a diagram.",
                "1. First do this.",
            ],
        )

    assert pdf_text(pdf_bytes(draw)) == (
        "# Water moves around\n\n**Objectives**\n\n- Pupils explain evaporation in a well-known place.\n"
        "- Pupils label a diagram.\n1. First do this.\n"
    )


def test_running_headers_and_page_numbers_go_but_repeated_steps_stay() -> None:
    def draw(canvas: Canvas, page: int) -> None:
        canvas.setFont("Helvetica", 8)
        canvas.drawString(60, 820, "Hill School science")
        canvas.drawString(280, 20, f"Page {page + 1} of 3")
        write_lines(canvas, [f"Part {page} begins here and pupils read it.", "Pupils write one sentence."], top=600)

    text = pdf_text(pdf_bytes(draw, pages=3))
    assert "Hill School" not in text
    assert "Page" not in text
    assert text.count("Pupils write one sentence.") == 3
    assert all(f"Part {page} begins" in text for page in range(3))


def test_a_paragraph_goes_on_over_the_page() -> None:
    def draw(canvas: Canvas, page: int) -> None:
        write_lines(canvas, [["Pupils compare the two maps and"], ["explain what changed."]][page])

    assert pdf_text(pdf_bytes(draw, pages=2)) == "Pupils compare the two maps and explain what changed.\n"


def test_a_table_with_cells_of_several_lines_is_rows() -> None:
    def draw(canvas: Canvas, page: int) -> None:
        write_lines(canvas, ["Time"], top=700, x=60)
        write_lines(canvas, ["Teacher"], top=700, x=160)
        write_lines(canvas, ["Pupils"], top=700, x=360)
        write_lines(canvas, ["5 min"], top=680, x=60)
        write_lines(canvas, ["shows the tray and", "asks what it is"], top=680, x=160)
        write_lines(canvas, ["predict and write", "one sentence"], top=680, x=360)
        write_lines(canvas, ["Everybody tidies the tables at the end."], top=620)

    assert pdf_text(pdf_bytes(draw)) == (
        "| Time | Teacher | Pupils |\n"
        "| 5 min | shows the tray and asks what it is | predict and write one sentence |\n\n"
        "Everybody tidies the tables at the end.\n"
    )


def test_columns_are_read_one_after_the_other() -> None:
    left = [f"Left line {number} about the river." for number in range(20)]
    right = [f"Right line {number} about the coast." for number in range(20)]

    def draw(canvas: Canvas, page: int) -> None:
        write_lines(canvas, left)
        write_lines(canvas, right, x=320)

    text = pdf_text(pdf_bytes(draw))
    places = [text.index(line) for line in (*left, *right)]
    assert places == sorted(places)
