# SPDX-License-Identifier: Apache-2.0
"""Outside judges of signed PDFs. Each module wraps one; none uses gsign's own code."""
