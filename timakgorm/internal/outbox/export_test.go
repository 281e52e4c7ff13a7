package outbox

import "time"

// PutOff has the next looks of depth whole and sure wait for so long.
func (s *Swept) PutOff(wholeFor, sureFor time.Duration) {
	s.due = [...]time.Time{whole: time.Now().Add(wholeFor), sure: time.Now().Add(sureFor)}
}

// Sure returns the id up to which nothing comes.
func (s *Swept) Sure() int64 { return s.known.sure }

// Seen returns the id up to which nothing was.
func (s *Swept) Seen() int64 { return s.known.seen }

// Place returns where a mark's row was.
func (m Mark) Place() string { return m.place }
