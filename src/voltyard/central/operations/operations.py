"""Everything that the API and the user interface can ask, by subject."""

from __future__ import annotations

from voltyard.central.bus import Bus
from voltyard.central.gateway.gateway import Gateway
from voltyard.central.operations.access import AccessOperations
from voltyard.central.operations.charge_points import ChargePointOperations
from voltyard.central.operations.commands import CommandOperations
from voltyard.central.operations.events import EventOperations
from voltyard.central.operations.evidence import EvidenceOperations
from voltyard.central.operations.health import HealthOperations
from voltyard.central.operations.id_tags import IdTagOperations
from voltyard.central.operations.transactions import TransactionOperations
from voltyard.central.settings import Settings
from voltyard.central.storage.ledger import Ledger
from voltyard.central.storage.readers import Readers


class Operations:
    """The use cases of operators; each may raise `Refused` (services) or `StorageFailed`."""

    def __init__(
        self, settings: Settings, ledger: Ledger, readers: Readers, gateway: Gateway, bus: Bus
    ) -> None:
        self.charge_points = ChargePointOperations(settings.ocpp, ledger, readers, gateway)
        self.commands = CommandOperations(
            settings.commands.expire_after_s, ledger, readers, gateway.dispatcher, bus
        )
        self.transactions = TransactionOperations(readers)
        self.id_tags = IdTagOperations(ledger, readers)
        self.evidence = EvidenceOperations(ledger, readers)
        self.access = AccessOperations(ledger, readers)
        self.events = EventOperations(bus)
        self.health = HealthOperations(ledger, readers, gateway, self.commands, bus)

    def close(self) -> None:
        """End what waits for something to happen."""
        self.commands.close()
        self.events.close()
