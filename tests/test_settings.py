"""What a command beside a running product knows of it."""

from pathlib import Path

from settings import Settings


def test_links_lead_to_the_product_that_runs_on_the_data_directory(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    assert settings.as_running().base_url == settings.base_url, "nothing runs here"
    settings.port_file.write_text("8311")
    assert settings.as_running().base_url == f"http://{settings.host}:8311"
    assert Settings(data_dir=tmp_path, port=8400).as_running().port == 8400, "a port that was named counts"
    assert Settings(data_dir=tmp_path, public_url="https://desk.example").as_running().base_url == "https://desk.example"
