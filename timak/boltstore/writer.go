package boltstore

import (
	"go.etcd.io/bbolt"

	"github.com/timak-go/timak/timak/driver"
)

// A write is one Put on its way to the file.
type write struct {
	key   string
	value []byte // the writer's own
	token driver.Token
	done  chan<- written // takes one without blocking: the caller may be gone
}

// written is what became of a write.
type written struct {
	token driver.Token
	err   error
}

// A writer is the goroutine that makes all changes to a file, one after the
// other. So a caller whose context ends need not wait for the disk.
type writer struct {
	file    *file
	writes  chan write // unbuffered: whoever still waits to send has changed nothing
	stopped chan struct{}
}

func startWriter(f *file) *writer {
	w := &writer{file: f, writes: make(chan write), stopped: make(chan struct{})}
	go w.run()
	return w
}

func (w *writer) run() {
	defer close(w.stopped)
	for next := range w.writes {
		token, err := w.put(next)
		next.done <- written{token: token, err: err}
	}
}

// stop waits for the write under way. Nobody may send any more.
func (w *writer) stop() {
	close(w.writes)
	<-w.stopped
}

// put is the read-merge-write of one record.
func (w *writer) put(p write) (token driver.Token, err error) {
	err = w.file.update(func(tx *bbolt.Tx) error {
		before, err := load(tx, p.key)
		if err != nil {
			return err
		}
		after, got, err := before.Put(p.value, p.token)
		if err != nil {
			return err
		}
		token = got
		return save(tx, p.key, after)
	})
	if err != nil {
		return nil, err
	}
	return token, nil
}
