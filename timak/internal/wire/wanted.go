package wire

// wantedID is an id to look for in the columns of a block, in the form that is
// stored there: the number of a name in the dictionary, from 1, and a number; or 0
// and the id.
type wantedID struct {
	name   uint64
	number int64
	text   string
}

// wanted returns the ids of some changes as blocks store them.
func (h *head) wanted(changes []Change) []wantedID {
	ids := make([]wantedID, len(changes))
	for i, c := range changes {
		ids[i] = wantedID{text: c.ID}
		if name, number, ok := splitID(c.ID); ok {
			if place := h.names.find(name); place >= 0 {
				ids[i] = wantedID{name: uint64(place + 1), number: number}
			}
		}
	}
	return ids
}

// names reports whether one of the ids is in a block. A damaged block counts as if
// it were: decoding it will report the damage.
func (v *View) names(i int, wanted []wantedID) bool {
	b := &v.head.blocks[i]
	r := reader{b: v.columnsOf(b)}
	return r.findID(b.entries, wanted) || r.err != nil
}

func (r *reader) findID(n int, wanted []wantedID) bool {
	common := r.unsigned()
	if common > 0 && !anyNamed(wanted, common) {
		return false
	}
	var number int64
	for range n {
		name := common
		if common == 0 {
			name = r.unsigned()
		}
		if name == 0 {
			if isText(wanted, r.take(r.count(1))) {
				return true
			}
			continue
		}
		number += r.signed()
		for i := range wanted {
			if wanted[i].number == number && wanted[i].name == name {
				return true
			}
		}
	}
	return false
}

func anyNamed(wanted []wantedID, name uint64) bool {
	for i := range wanted {
		if wanted[i].name == name {
			return true
		}
	}
	return false
}

func isText(wanted []wantedID, text []byte) bool {
	for i := range wanted {
		if wanted[i].name == 0 && wanted[i].text == string(text) {
			return true
		}
	}
	return false
}
