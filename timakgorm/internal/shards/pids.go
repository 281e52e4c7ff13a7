package shards

import "sync"

// pids are the session numbers of this program's own relays: the process ids of their
// backends in Postgres. Its methods may be called from any number of goroutines.
type pids struct {
	mu  sync.Mutex
	ids []int32
}

func (s *pids) add(id int32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ids = append(s.ids, id)
}

func (s *pids) remove(id int32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, known := range s.ids {
		if known == id {
			s.ids = append(s.ids[:i:i], s.ids[i+1:]...)
			return
		}
	}
}

func (s *pids) all() []int32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]int32(nil), s.ids...)
}
