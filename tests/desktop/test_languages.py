#!/usr/bin/python3
"""Tray and notifications in Chinese: by the system's language, and by the config's."""

import re

import desk
import stage
from stage import fact, until

PORT = stage.free_port()
BASE = f"http://127.0.0.1:{PORT}"
FIRST, SECOND = stage.free_port(), stage.free_port()
FOLDERS = stage.Folders("place", stage.config(PORT, {"first": FIRST, "second": SECOND}, {"main": ["first", "second"]}))
# Words that are the same in every language here.
NAMES = {"main", "first", "second", "ms", "Claude", "Code", "Codex", "Gemini", "CLI", "Turnout"}


class Story:
    """What one fact leaves to the next."""

    first = None


def labels():
    return [entry.label for entry in desk.all_entries(desk.menu(desk.items()[0]))]


@fact
def the_menu_follows_the_systems_language():
    stage.serve_desk()
    Story.first = stage.practice(FIRST, "first.log")
    stage.practice(SECOND, "second.log")
    stage.start([stage.APP, *FOLDERS.arguments()], "app.log", {**stage.SECRETS, "LC_ALL": "zh_CN.UTF-8"})
    until("the tray item", desk.items)
    until("the menu", lambda: "● main" in labels())
    stage.tell(" | ".join(labels()))
    foreign = {word for label in labels() for word in re.findall("[A-Za-z]+", label)} - NAMES
    assert foreign == set(), foreign
    assert "退出 Turnout" in labels()


@fact
def notifications_speak_the_same():
    Story.first.kill()
    Story.first.wait()
    assert stage.ask(BASE, "who answers?").status == 200
    note = until("a notification", desk.notifications)[0]
    stage.tell(f"{note['summary']}: {note['body']}")
    assert note["summary"] == "已切换到 second" and "无法连接" in note["body"], note
    assert note["actions"] == ["default", "查看", "show", "查看"], note


@fact
def the_config_has_the_last_word_without_a_restart():
    text = FOLDERS.config.read_text(encoding="utf-8")
    FOLDERS.config.write_text(text + '\n[desktop]\nlanguage = "en"\n', encoding="utf-8")
    until("English", lambda: "Quit Turnout" in labels())
    assert "Providers" in labels() and "服务商" not in labels(), labels()


if __name__ == "__main__":
    stage.main()
