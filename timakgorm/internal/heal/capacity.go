package heal

// capacity returns how many items the timeline of a key holds, and whether it may be healed.
// One that gets only some of the items of a source, by its rules, is to lack the others; and
// a function that has no reverse does not say what a timeline gets.
func (h *Healer) capacity(key string) (capacity int, may bool) {
	capacity, may = h.beyond.Capacity(key)
	for _, s := range h.audiences.SubscribersOf(key) {
		may = may && (s.Rule.Copy == 0 || s.Rule.Copy >= capacity)
	}
	for _, f := range h.audiences.FunctionsOf(key) {
		may = may && f.Sources != nil
	}
	return capacity, may
}
