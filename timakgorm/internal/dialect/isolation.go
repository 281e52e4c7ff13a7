package dialect

import "database/sql"

// UnderLocks are the options of a transaction that reads rows as they are under the locks that
// it has waited for, whatever level of isolation the server has as its default. nil on SQLite,
// where one transaction writes at a time.
func (d Dialect) UnderLocks() *sql.TxOptions {
	if d.Lock {
		return &sql.TxOptions{Isolation: sql.LevelReadCommitted}
	}
	return nil
}
