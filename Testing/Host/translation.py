"""slicer.i18n: translation of texts. The host has no translation, so a text is its own translation."""

__all__ = ["getContext", "tr", "translate"]


def translate(context, text):
    """Return the translation of `text` (a str) in `context` (the text itself here)."""
    if not isinstance(context, str) or not isinstance(text, str):
        raise TypeError(f"translate needs two strings, got {context!r} and {text!r}")
    import slicer

    return slicer.app.translate(context, text)


def getContext(sourceFile):
    """The name of the source file without its extension."""
    return sourceFile.replace("\\", "/").rpartition("/")[2].removesuffix(".py")


def tr(text):
    """Translate `text`, with the calling file as the context."""
    if not isinstance(text, str):
        raise TypeError(f"tr needs a string, got {text!r}")
    return translate("", text)
