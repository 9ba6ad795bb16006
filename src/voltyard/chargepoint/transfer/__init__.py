"""Getting and bringing files: firmware from, diagnostics to where the central system says."""

from voltyard.chargepoint.transfer.errors import Failure, TransferFailed
from voltyard.chargepoint.transfer.internet import FileTransfer, InternetTransfer, Limits, SupportedOnly
from voltyard.chargepoint.transfer.location import without_secrets

__all__ = [
    "Failure",
    "FileTransfer",
    "InternetTransfer",
    "Limits",
    "SupportedOnly",
    "TransferFailed",
    "without_secrets",
]
