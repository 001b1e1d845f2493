"""A code as DICOM stores it."""

from pydicom.dataset import Dataset


def code_item(code) -> Dataset:
    """An item of a code sequence, from a code of pydicom's dictionary."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = code.value, code.scheme_designator, code.meaning
    return item
