# SPDX-License-Identifier: Apache-2.0
"""The password of an encrypted file stands in its name, after pw=."""
import pathlib
import re


def of(path):
    """The password, empty when there is none in the name."""
    m = re.search(r"pw=([^.]+)", pathlib.Path(path).name)
    return m.group(1) if m else ""


def poppler(password):
    """Options of poppler's programs: they try it as the owner's, then as the user's."""
    return ["-opw", password, "-upw", password] if password else []


def qpdf(password):
    return [f"--password={password}"] if password else []
