package timak

// AwaitRepairs waits until no repair is under way.
func (t *Timelines) AwaitRepairs() { t.repairs.under.Wait() }
