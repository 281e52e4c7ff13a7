package session

import "sync"

// Facts are what the database has reported about tables. They hold for one version of
// the schema. The zero Facts are empty; methods may be called from any number of
// goroutines.
type Facts[T any] struct {
	mu     sync.Mutex
	schema uint64
	facts  map[string]T
}

// mostTables is the largest number of tables of which something is remembered:
// raw SQL may name new ones without end.
const mostTables = 1000

// Of returns what is known of a table, or calls ask and remembers the answer. For
// AnySchema it always asks. It holds no lock while it asks: ask may wait for a
// connection that is held by a caller of Of.
func (f *Facts[T]) Of(table string, schema uint64, ask func() (T, error)) (T, error) {
	if schema == AnySchema {
		return ask()
	}
	if fact, known := f.known(table, schema); known {
		return fact, nil
	}
	fact, err := ask()
	if err != nil {
		return fact, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.schema == schema {
		f.facts[table] = fact
	}
	return fact, nil
}

func (f *Facts[T]) known(table string, schema uint64) (fact T, known bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.facts == nil || f.schema != schema || len(f.facts) >= mostTables {
		f.facts, f.schema = map[string]T{}, schema
	}
	fact, known = f.facts[table]
	return fact, known
}
