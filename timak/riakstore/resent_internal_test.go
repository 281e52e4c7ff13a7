package riakstore

// Resent returns how many puts were repeated because an answer was lost; see
// drivertest.Resending.
func (s *Store) Resent() int { return int(s.resent.Load()) }
