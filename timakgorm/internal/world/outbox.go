package world

import "slices"

// DeadLetter is a row of timak_dead.
type DeadLetter struct {
	ID, Version int64
	Tbl, Pk     string
	Old, New    *string
	Error       string
}

// TableName implements schema.Tabler.
func (DeadLetter) TableName() string { return "timak_dead" }

// DeadLetters returns the rows of the dead letters, by their ids.
func (w *World) DeadLetters() []DeadLetter {
	w.Helper()
	var letters []DeadLetter
	w.Must(w.DB.Order("id").Find(&letters).Error)
	return letters
}

// Forgive empties the dead letters.
func (w *World) Forgive() {
	w.Helper()
	w.Must(w.DB.Where("1 = 1").Delete(&DeadLetter{}).Error)
}

// OutboxRow is a row of timak_outbox.
type OutboxRow struct {
	ID       int64
	Version  int64
	Tbl, Pk  string
	Old, New *string
	Attempts int
	RunAt    int64
	Error    *string
}

// TableName implements schema.Tabler.
func (OutboxRow) TableName() string { return "timak_outbox" }

// Changes returns what waits in the outbox.
func (w *World) Changes() []OutboxRow {
	w.Helper()
	var rows []OutboxRow
	w.Must(w.DB.Order("id").Find(&rows).Error)
	return rows
}

// Replay puts changes into the outbox as if they had never left it.
func (w *World) Replay(rows ...OutboxRow) {
	w.Helper()
	rows = slices.Clone(rows)
	w.Must(w.DB.Select("version", "tbl", "pk", "old", "new").Create(&rows).Error)
}

// CheckVersions checks that those in the outbox rise for every row, by at
// least two.
func (w *World) CheckVersions() {
	w.Helper()
	last := map[string]int64{}
	for _, row := range w.Changes() {
		if before, found := last[row.Pk]; found && row.Version < before+2 {
			w.Errorf("change %d of row %s: got version %d after %d", row.ID, row.Pk, row.Version, before)
		}
		last[row.Pk] = row.Version
	}
}
