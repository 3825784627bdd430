import pytest

from services.api.uploads.receiver import clean_filename


@pytest.mark.parametrize(
    "name, cleaned",
    [
        (None, None),
        ("", None),
        ("photo.jpg", "photo.jpg"),
        ("Ferien in Köln.jpg", "Ferien in Köln.jpg"),
        ("/etc/passwd", "passwd"),
        ("../../../photo.jpg", "photo.jpg"),
        ("C:\\Users\\me\\photo.jpg", "photo.jpg"),
        ("..\\..\\x", "x"),
        ("folder/", None),
        ("a\x00b\r\nSet-Cookie: x.jpg", "abSet-Cookie: x.jpg"),
        ("\u202egpj.exe", "gpj.exe"),  # written from right to left it would show as exe.jpg
        ("x" * 300, "x" * 255),
        ("  photo.jpg  ", "photo.jpg"),
    ],
)
def test_a_file_name_is_made_fit_to_be_shown(name: str | None, cleaned: str | None) -> None:
    assert clean_filename(name) == cleaned
