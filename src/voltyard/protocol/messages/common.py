"""The structured types and enumerations that several feature profiles share."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from msgspec import Meta

from voltyard.protocol.payload import DateTime, IdToken, Integer, NonNegative, Structure, Tenths

# A charge point must answer an unknown message with the status NotImplemented, so it has to be able to
# read it (OCPP 1.6 §5.17): a string on the way in, a member of MessageTrigger (a string too) on the way out.
RequestedMessage = Annotated[str, Meta(max_length=50)]


class AuthorizationStatus(StrEnum):
    """Whether an id tag may charge (OCPP 1.6 §7.2)."""

    ACCEPTED = "Accepted"
    BLOCKED = "Blocked"
    EXPIRED = "Expired"
    INVALID = "Invalid"
    CONCURRENT_TX = "ConcurrentTx"


class IdTagInfo(Structure, frozen=True, kw_only=True):
    """What the central system says about an id tag (OCPP 1.6 §7.27); no expiry date means no end."""

    status: AuthorizationStatus
    expiry_date: DateTime | None = None
    parent_id_tag: IdToken | None = None


class ReadingContext(StrEnum):
    """Why a value was sampled (OCPP 1.6 §7.35)."""

    INTERRUPTION_BEGIN = "Interruption.Begin"
    INTERRUPTION_END = "Interruption.End"
    OTHER = "Other"
    SAMPLE_CLOCK = "Sample.Clock"
    SAMPLE_PERIODIC = "Sample.Periodic"
    TRANSACTION_BEGIN = "Transaction.Begin"
    TRANSACTION_END = "Transaction.End"
    TRIGGER = "Trigger"


class ValueFormat(StrEnum):
    """How a sampled value is written: as a number or as a signed block in hexadecimal (OCPP 1.6 §7.49)."""

    RAW = "Raw"
    SIGNED_DATA = "SignedData"


class Measurand(StrEnum):
    """What a sampled value measures (OCPP 1.6 §7.31); import flows from the grid to the vehicle."""

    CURRENT_EXPORT = "Current.Export"
    CURRENT_IMPORT = "Current.Import"
    CURRENT_OFFERED = "Current.Offered"
    ENERGY_ACTIVE_EXPORT_REGISTER = "Energy.Active.Export.Register"
    ENERGY_ACTIVE_IMPORT_REGISTER = "Energy.Active.Import.Register"
    ENERGY_REACTIVE_EXPORT_REGISTER = "Energy.Reactive.Export.Register"
    ENERGY_REACTIVE_IMPORT_REGISTER = "Energy.Reactive.Import.Register"
    ENERGY_ACTIVE_EXPORT_INTERVAL = "Energy.Active.Export.Interval"
    ENERGY_ACTIVE_IMPORT_INTERVAL = "Energy.Active.Import.Interval"
    ENERGY_REACTIVE_EXPORT_INTERVAL = "Energy.Reactive.Export.Interval"
    ENERGY_REACTIVE_IMPORT_INTERVAL = "Energy.Reactive.Import.Interval"
    FREQUENCY = "Frequency"
    POWER_ACTIVE_EXPORT = "Power.Active.Export"
    POWER_ACTIVE_IMPORT = "Power.Active.Import"
    POWER_FACTOR = "Power.Factor"
    POWER_OFFERED = "Power.Offered"
    POWER_REACTIVE_EXPORT = "Power.Reactive.Export"
    POWER_REACTIVE_IMPORT = "Power.Reactive.Import"
    RPM = "RPM"
    SOC = "SoC"
    TEMPERATURE = "Temperature"
    VOLTAGE = "Voltage"


class Phase(StrEnum):
    """Between which conductors a value was sampled; absent means overall (OCPP 1.6 §7.34)."""

    L1 = "L1"
    L2 = "L2"
    L3 = "L3"
    N = "N"
    L1_N = "L1-N"
    L2_N = "L2-N"
    L3_N = "L3-N"
    L1_L2 = "L1-L2"
    L2_L3 = "L2-L3"
    L3_L1 = "L3-L1"


class Location(StrEnum):
    """Where a value was sampled (OCPP 1.6 §7.30)."""

    BODY = "Body"
    CABLE = "Cable"
    EV = "EV"
    INLET = "Inlet"
    OUTLET = "Outlet"


class UnitOfMeasure(StrEnum):
    """The unit of a sampled value (OCPP 1.6 §7.45); Frequency has none, it is in Hertz all the same."""

    WH = "Wh"
    KWH = "kWh"
    VARH = "varh"
    KVARH = "kvarh"
    W = "W"
    KW = "kW"
    VA = "VA"
    KVA = "kVA"
    VAR = "var"
    KVAR = "kvar"
    A = "A"
    V = "V"
    K = "K"
    # Both are read; a charge point sends the misspelling, as older central systems know no other (JE 2.1).
    CELCIUS = "Celcius"
    CELSIUS = "Celsius"
    FAHRENHEIT = "Fahrenheit"
    PERCENT = "Percent"


class SampledValue(Structure, frozen=True, kw_only=True):
    """One measured value (OCPP 1.6 §7.43).

    Absent fields mean Sample.Periodic, Raw, Energy.Active.Import.Register, Outlet and Wh.
    """

    value: str
    context: ReadingContext | None = None
    format: ValueFormat | None = None
    measurand: Measurand | None = None
    phase: Phase | None = None
    location: Location | None = None
    unit: UnitOfMeasure | None = None


class MeterValue(Structure, frozen=True, kw_only=True):
    """The values sampled at one point in time (OCPP 1.6 §7.33)."""

    timestamp: DateTime
    sampled_value: Annotated[tuple[SampledValue, ...], Meta(min_length=1)]


class ChargingProfilePurpose(StrEnum):
    """What a charging profile limits (OCPP 1.6 §7.10)."""

    CHARGE_POINT_MAX_PROFILE = "ChargePointMaxProfile"
    TX_DEFAULT_PROFILE = "TxDefaultProfile"
    TX_PROFILE = "TxProfile"


class ChargingProfileKind(StrEnum):
    """What the periods of a charging schedule are relative to (OCPP 1.6 §7.9)."""

    ABSOLUTE = "Absolute"
    RECURRING = "Recurring"
    RELATIVE = "Relative"


class RecurrencyKind(StrEnum):
    """How often a recurring charging schedule starts again (OCPP 1.6 §7.37)."""

    DAILY = "Daily"
    WEEKLY = "Weekly"


class ChargingRateUnit(StrEnum):
    """The unit of charging limits: amperes per phase or watts in total (OCPP 1.6 §7.12)."""

    A = "A"
    W = "W"


class ChargingSchedulePeriod(Structure, frozen=True, kw_only=True):
    """A limit that holds from `start_period` seconds after the schedule's start (OCPP 1.6 §7.14)."""

    start_period: NonNegative
    limit: Tenths
    number_phases: Annotated[int, Meta(ge=1, le=3)] | None = None


class ChargingSchedule(Structure, frozen=True, kw_only=True):
    """Limits over time (OCPP 1.6 §7.13); `duration` is in seconds."""

    charging_rate_unit: ChargingRateUnit
    charging_schedule_period: Annotated[tuple[ChargingSchedulePeriod, ...], Meta(min_length=1)]
    duration: NonNegative | None = None
    start_schedule: DateTime | None = None
    min_charging_rate: Tenths | None = None


class ChargingProfile(Structure, frozen=True, kw_only=True):
    """A charging schedule with its purpose, priority and validity (OCPP 1.6 §7.8)."""

    charging_profile_id: Integer
    stack_level: NonNegative
    charging_profile_purpose: ChargingProfilePurpose
    charging_profile_kind: ChargingProfileKind
    charging_schedule: ChargingSchedule
    transaction_id: Integer | None = None
    recurrency_kind: RecurrencyKind | None = None
    valid_from: DateTime | None = None
    valid_to: DateTime | None = None


class TriggerMessageStatus(StrEnum):
    """Whether the charge point will send the message asked for (OCPP 1.6 §7.44)."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    NOT_IMPLEMENTED = "NotImplemented"
