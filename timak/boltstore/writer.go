package boltstore

import (
	"go.etcd.io/bbolt"

	"github.com/timak-go/timak/timak/driver"
)

// A write is one Put or Add on its way to the file.
type write struct {
	adds  bool
	key   string
	value []byte // the writer's own
	token driver.Token
	done  chan<- written // has room for one: the caller may be gone
}

// written is the result of a write.
type written struct {
	token driver.Token
	err   error
}

// A writer is the goroutine that makes all changes to a file. A caller whose
// context ends need not wait for the disk, and callers that wait at the same time
// share one transaction and its sync.
type writer struct {
	file    *file
	writes  chan write // unbuffered: a caller that has not sent yet has changed nothing
	stopped chan struct{}
}

// maxBatch is the largest number of writes in a transaction.
const maxBatch = 1000

func startWriter(f *file) *writer {
	w := &writer{file: f, writes: make(chan write), stopped: make(chan struct{})}
	go w.run()
	return w
}

func (w *writer) run() {
	defer close(w.stopped)
	for first := range w.writes {
		batch := w.gather(first)
		results := w.putAll(batch)
		for i, next := range batch {
			next.done <- results[i]
		}
	}
}

// gather returns a write together with those that wait.
func (w *writer) gather(first write) []write {
	batch := []write{first}
	for len(batch) < maxBatch {
		select {
		case next, open := <-w.writes:
			if !open {
				return batch
			}
			batch = append(batch, next)
		default:
			return batch
		}
	}
	return batch
}

// stop waits for the writes in progress. Nobody may send after it.
func (w *writer) stop() {
	close(w.writes)
	<-w.stopped
}

// putAll carries out writes, in order, in one transaction, or none if one of them finds
// the file's structure damaged.
func (w *writer) putAll(batch []write) []written {
	results := make([]written, len(batch))
	err := w.file.update(func(tx *bbolt.Tx) error {
		pages := w.file.pages(tx)
		for i, p := range batch {
			if err := pages.checkRecord(p.key); err != nil {
				return err
			}
			results[i] = carryOut(tx, p)
		}
		return nil
	})
	if err != nil {
		for i := range results {
			results[i] = written{err: err}
		}
	}
	return results
}

// carryOut reads, merges and writes one record. After an error nothing has changed.
func carryOut(tx *bbolt.Tx, w write) written {
	before, err := load(tx, w.key)
	if err != nil {
		return written{err: err}
	}
	change, store := before.all.Put, save
	if w.adds {
		change, store = before.all.Add, saveAdded
	}
	after, token, err := change(w.value, w.token)
	if err == nil {
		err = store(tx, w.key, before, after)
	}
	if err != nil {
		return written{err: err}
	}
	return written{token: token}
}
