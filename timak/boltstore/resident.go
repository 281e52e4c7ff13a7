package boltstore

import "sync/atomic"

// Pages of a mapped file that were touched count as memory of the program until the
// system needs that for something else. Who reads a whole file, such as a copy, would
// seem to need as much memory as the file has. So a file that is only read is released
// now and then: a page that is touched again is mapped again.

// resident is about how many bytes were touched since the file was released.
type resident struct{ bytes atomic.Int64 }

const (
	maxResident = 16 << 20
	around      = 64 << 10 // what Linux maps with a page that is touched
)

// touch notes that pages, and so many bytes behind them, were touched.
func (f *file) touch(pages, bytes int) {
	if !f.db.IsReadOnly() {
		return
	}
	if f.resident.bytes.Add(int64(pages)*around+int64(bytes)) > maxResident {
		f.resident.bytes.Store(0)
		release(f.db.Info().Data, uintptr(f.size.Load()))
	}
}
