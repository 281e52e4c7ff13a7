package timakgorm

// JudgeTimes has Verify look at what is in doubt so many times: less than it
// would where nothing is going to settle it.
func (p *Plugin) JudgeTimes(n int) { p.judges = n }
