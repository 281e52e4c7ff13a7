package timakgorm

import (
	"errors"
	"slices"
	"strings"

	"gorm.io/gorm"
)

// With Triggers, a statement outside of any transaction is committed by the
// database itself, and nobody could tell which changes were its own. So, where a
// commit is to deliver them, such a statement gets a transaction.

// registerTransactions has these transactions begun and ended. The row chain has
// none: whoever reads its rows does so after the last callback.
func (p *Plugin) registerTransactions(db *gorm.DB) error {
	on := db.Callback()
	return errors.Join(
		on.Create().Before("timak:check_create").Register("timak:begin_create", guarded(p.beginWrite)),
		on.Create().After("timak:after_create").Before("gorm:save_after_associations").Register("timak:end_create", guarded(endStatement)),
		on.Update().Before("timak:check_update").Register("timak:begin_update", guarded(p.beginWrite)),
		on.Update().After("timak:after_update").Before("gorm:save_after_associations").Register("timak:end_update", guarded(endStatement)),
		on.Delete().Before("timak:check_delete").Register("timak:begin_delete", guarded(p.beginWrite)),
		on.Delete().After("timak:after_delete").Before("gorm:after_delete").Register("timak:end_delete", guarded(endStatement)),
		on.Raw().Before("timak:begin_ddl").Register("timak:begin_raw", guarded(p.beginRaw)),
		on.Raw().After("timak:after_raw").Register("timak:end_raw", guarded(endStatement)),
		on.Query().Before("timak:begin_ddl").Register("timak:begin_query", guarded(p.beginQuery)),
		on.Query().After("timak:after_query").Register("timak:end_query", guarded(endStatement)),
		guardWrites(db), guardSQL(db),
	)
}

// statementTx is the transaction of a statement, and the connection in whose
// place it is.
type statementTx struct {
	tx    gorm.TxCommitter
	outer gorm.ConnPool
}

// statementTxSetting is where a statement keeps its own.
const statementTxSetting = "timak:transaction"

// beginWrite is for statements that GORM builds, on whatever table: a trigger or
// a foreign key of one that is not tracked may change one that is.
func (p *Plugin) beginWrite(db *gorm.DB) error {
	if db.Statement.SQL.Len() > 0 {
		return p.beginRaw(db)
	}
	return beginStatement(db)
}

// beginRaw is for SQL of the user's own that is executed.
func (p *Plugin) beginRaw(db *gorm.DB) error {
	if db.Statement.SQL.Len() == 0 || inTransaction(db) || !p.dialect.wantsTransaction(textOfStatement(db).words, true) {
		return nil
	}
	return beginStatement(db)
}

// beginQuery is for SQL of the user's own whose rows GORM reads: functions that a
// SELECT calls are not looked for.
func (p *Plugin) beginQuery(db *gorm.DB) error {
	text, may := textWith(db, writing|blocks)
	if !may || inTransaction(db) || !p.dialect.wantsTransaction(text.words, false) {
		return nil
	}
	return beginStatement(db)
}

func inTransaction(db *gorm.DB) bool {
	_, inside := db.Statement.ConnPool.(gorm.TxCommitter)
	return inside
}

// wantsTransaction reports whether a SQL text may change rows and may be run in
// a transaction: all of its statements must be of a kind that always may. DO is,
// where its code names nothing that ends one; CALL is not, whose procedure may.
func (d dialect) wantsTransaction(words []string, executed bool) bool {
	wants := false
	for len(words) > 0 {
		statement := words
		if end := slices.Index(words, ";"); end >= 0 && !sameName(words[0], "do") {
			statement = words[:end]
		}
		words = words[min(len(statement)+1, len(words)):]
		if len(statement) == 0 {
			continue
		}
		writes, may := d.writesInTransaction(statement, executed)
		if !may {
			return false
		}
		wants = wants || writes
	}
	return wants
}

// writesInTransaction is wantsTransaction for the words of one statement.
func (d dialect) writesInTransaction(words []string, executed bool) (writes, may bool) {
	switch strings.ToLower(words[0]) {
	case "insert", "update", "delete", "replace", "merge", "truncate", "copy":
		return true, true
	case "with", "explain":
		return executed && d.numbered || hasWord(words, "insert", "update", "delete", "replace", "merge"), true
	case "select", "values", "(", "execute":
		return executed && d.numbered, true
	case "do":
		return true, !hasWord(plainWords(strings.Join(words, " ")), "call", "commit", "rollback")
	default:
		return false, false
	}
}

func beginStatement(db *gorm.DB) error {
	outer := db.Statement.ConnPool
	if inTransaction(db) || db.Error != nil || db.DryRun {
		return nil
	}
	begun := db.Begin()
	if begun.Error != nil {
		return begun.Error
	}
	db.Statement.ConnPool = begun.Statement.ConnPool
	tx, _ := begun.Statement.ConnPool.(gorm.TxCommitter)
	db.InstanceSet(statementTxSetting, &statementTx{tx, outer})
	return nil
}

func endStatement(db *gorm.DB) error {
	value, _ := db.InstanceGet(statementTxSetting)
	own, ok := value.(*statementTx)
	if !ok || own == nil {
		return nil
	}
	db.InstanceSet(statementTxSetting, (*statementTx)(nil))
	db.Statement.ConnPool = own.outer
	if db.Error != nil {
		return own.tx.Rollback()
	}
	return own.tx.Commit()
}
