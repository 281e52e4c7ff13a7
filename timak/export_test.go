package timak

// AwaitRepairs waits until no repair is in progress.
func (t *Timelines) AwaitRepairs() { t.repairs.under.Wait() }
