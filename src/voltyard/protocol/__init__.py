"""OCPP 1.6 without input or output: typed messages, their codec, errors and framing, configuration keys.

Pure: no sockets, threads, clocks or files. The payload classes are in `voltyard.protocol.messages`, the
conversation of two sides in `voltyard.protocol.rpc`, the standard keys in `voltyard.protocol.configuration`.
"""

from voltyard.protocol.actions import ACTIONS, Action, FeatureProfile
from voltyard.protocol.codec import Compliance, Decoded, Deviation, Dropped, PayloadDecoder, encode
from voltyard.protocol.errors import CallError, ErrorCode, InvalidPayload
from voltyard.protocol.payload import Payload, Request, Tenths
from voltyard.protocol.rpc import Connection

__all__ = [
    "ACTIONS",
    "Action",
    "CallError",
    "Compliance",
    "Connection",
    "Decoded",
    "Deviation",
    "Dropped",
    "ErrorCode",
    "FeatureProfile",
    "InvalidPayload",
    "Payload",
    "PayloadDecoder",
    "Request",
    "Tenths",
    "encode",
]
