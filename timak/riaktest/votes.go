package riaktest

// readVotes decides when enough replicas have answered a get, and what the answer
// is.
type readVotes struct {
	n, r, pr                int
	notFoundOK, basicQuorum bool

	answers                           []answer
	ok, primary, tombstones, notFound int
}

// check refuses a get that these replicas could never satisfy.
func (v *readVotes) check(list []replica) error {
	switch primaries := countPrimaries(list); {
	case v.r > v.n || v.pr > v.n:
		return refusef("{n_val_violation,%d}", v.n)
	case v.pr > primaries:
		return refusef("{pr_val_unsatisfied,%d,%d}", v.pr, primaries)
	case v.r > len(list):
		return refusef("{insufficient_vnodes,%d,need,%d}", len(list), v.r)
	}
	return nil
}

// count adds answers until there are enough.
func (v *readVotes) count(answers []answer, p props) (*object, error) {
	for _, a := range answers {
		v.add(a)
		if v.enough() {
			break
		}
	}
	return v.result(p)
}

func (v *readVotes) add(a answer) {
	v.answers = append(v.answers, a)
	if a.object == nil && !v.notFoundOK {
		v.notFound++
		return
	}
	v.ok++
	if a.primary {
		v.primary++
	}
	if a.object != nil && a.object.deleted() {
		v.tombstones++
	}
}

func (v *readVotes) satisfied() bool {
	return v.ok >= v.r && v.primary >= v.pr
}

func (v *readVotes) enough() bool {
	hopeless := v.n - max(v.r, v.pr) + 1
	if v.basicQuorum {
		hopeless = min(hopeless, v.n/2+1)
	}
	return v.satisfied() || v.notFound >= hopeless
}

func (v *readVotes) result(p props) (*object, error) {
	switch {
	case v.satisfied():
		return reconcile(v.answers, p), nil
	case v.notFound+v.tombstones > 0 && v.ok == v.tombstones:
		return nil, nil
	case v.pr >= v.r || v.ok >= v.r:
		return nil, refusef("{pr_val_unsatisfied,%d,%d}", v.pr, v.primary)
	default:
		return nil, refusef("{r_val_unsatisfied,%d,%d}", v.r, v.ok)
	}
}

// writeVotes decides when enough replicas have stored a put, and what the answer
// is.
type writeVotes struct {
	n, w, dw, pw int

	stored          []answer
	primary, failed int
}

// check refuses a put that these replicas could never satisfy.
func (v *writeVotes) check(list []replica) error {
	need := max(v.w, v.dw, v.pw)
	switch primaries := countPrimaries(list); {
	case need > v.n:
		return refusef("{n_val_violation,%d}", v.n)
	case v.pw > primaries:
		return refusef("{pw_val_unsatisfied,%d,%d}", v.pw, primaries)
	case need > len(list):
		return refusef("{insufficient_vnodes,%d,need,%d}", len(list), need)
	}
	return nil
}

// add counts one replica, which stored the object or failed to. Once the put is
// satisfied, further replicas do not count.
func (v *writeVotes) add(r replica, stored *object, err error) {
	switch {
	case v.satisfied():
	case err != nil:
		v.failed++
	default:
		v.stored = append(v.stored, answer{replica: r, object: stored})
		if r.primary {
			v.primary++
		}
	}
}

func (v *writeVotes) satisfied() bool {
	return v.written() && v.primary >= v.pw
}

// written reports whether everything but pw is satisfied. A replica that failed to
// store has still received the put, which is all that w requires.
func (v *writeVotes) written() bool {
	return len(v.stored)+v.failed >= v.w && len(v.stored) >= v.dw
}

// result returns the outcome of a put after silent replicas have not answered.
func (v *writeVotes) result(silent int) error {
	switch {
	case v.satisfied():
		return nil
	case v.written() && silent == 0, v.failed > v.n-v.pw && v.pw >= v.dw:
		return refusef("{pw_val_unsatisfied,%d,%d}", v.pw, v.primary)
	case v.failed > v.n-v.dw:
		return refusef("{dw_val_unsatisfied,%d,%d}", v.dw, len(v.stored))
	default:
		return errTimeout
	}
}

func countPrimaries(list []replica) int {
	primaries := 0
	for _, r := range list {
		if r.primary {
			primaries++
		}
	}
	return primaries
}
