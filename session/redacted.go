package session

// How the types print that hold secrets in exported fields, or in unexported
// ones that fmt does not ask: by no verb that is meant for text do they tell them.

func (FabricConfig) String() string      { return "fabric configuration [redacted]" }
func (FabricConfig) GoString() string    { return "fabric configuration [redacted]" }
func (HostedFabric) String() string      { return "hosted fabric [redacted]" }
func (HostedFabric) GoString() string    { return "hosted fabric [redacted]" }
func (ChannelSchedule) String() string   { return "channel schedule [redacted]" }
func (ChannelSchedule) GoString() string { return "channel schedule [redacted]" }
func (Handshake) String() string         { return "handshake [redacted]" }
func (Handshake) GoString() string       { return "handshake [redacted]" }
