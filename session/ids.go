package session

// Identifiers. Distinct identifiers are distinct types, so that arguments
// cannot be swapped.

// A NodeID is a 64-bit node identifier. Matter Core §2.5.5.
type NodeID uint64

// IsOperational reports whether n can name one node of a fabric.
func (n NodeID) IsOperational() bool { return n >= 1 && n <= 0xFFFF_FFEF_FFFF_FFFF }

// A FabricID is the 64-bit identifier that a fabric's root assigned to it; 0 is none.
type FabricID uint64

// A FabricIndex is local to one Manager: 1..254; 0 is no fabric.
type FabricIndex uint8

// A SessionID is a local or peer session identifier; 0 is the unsecured session.
type SessionID uint16

// A CAT is a CASE authenticated tag: identifier in the high, version in the low
// 16 bits. Version 0 is not valid. Matter Core §6.6.2.1.2.
type CAT uint32

// NodeID returns the form in which a tag appears as a subject.
func (c CAT) NodeID() NodeID { return 0xFFFF_FFFD_0000_0000 | NodeID(c) }

// An ExchangeID is chosen by an exchange's initiator.
type ExchangeID uint16

// A ProtocolID is a vendor (high 16 bits) and a protocol of that vendor (low 16 bits).
type ProtocolID uint32

// The protocols of vendor 0. Matter Core §4.4.3.4.
const (
	ProtocolSecureChannel    ProtocolID = 0x0000
	ProtocolInteractionModel ProtocolID = 0x0001
)

// An Opcode is a message type within one protocol.
type Opcode uint8

// Opcodes of the secure channel protocol. Matter Core §4.11.1.
const (
	OpcodeMsgCounterSyncReq  Opcode = 0x00
	OpcodeMsgCounterSyncRsp  Opcode = 0x01
	OpcodeStandaloneAck      Opcode = 0x10
	OpcodePBKDFParamRequest  Opcode = 0x20
	OpcodePBKDFParamResponse Opcode = 0x21
	OpcodePASEPake1          Opcode = 0x22
	OpcodePASEPake2          Opcode = 0x23
	OpcodePASEPake3          Opcode = 0x24
	OpcodeCASESigma1         Opcode = 0x30
	OpcodeCASESigma2         Opcode = 0x31
	OpcodeCASESigma3         Opcode = 0x32
	OpcodeCASESigma2Resume   Opcode = 0x33
	OpcodeStatusReport       Opcode = 0x40
	OpcodeICDCheckIn         Opcode = 0x50
)

// An Instant is a point in time in milliseconds, on whatever monotonic clock
// the caller uses. The core compares instants and adds to them, nothing else.
type Instant int64

// Milliseconds is a span of time.
type Milliseconds int64
