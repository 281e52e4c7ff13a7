package timakgorm

import (
	"reflect"
	"strings"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
)

// warnOfImpatience logs if transactions of a SQLite database ask for the write lock late: one
// that has read before it writes fails at once if somebody else has written meanwhile, and
// the relay writes beside the application. A pool of one connection has no others.
func (p *Plugin) warnOfImpatience() {
	pool, err := p.pool()
	if err != nil || p.tables.Dialect.Name != dialect.SQLite.Name || pool.Stats().MaxOpenConnections == 1 {
		return
	}
	if dsn, known := dsnOf(p.db.Dialector); known && !strings.Contains(dsn, "_txlock=") {
		p.opts.Logger.Warn("timak: this SQLite database is opened without _txlock: writes will fail with \"database is locked\"; " +
			"open it with file.db?_txlock=immediate&_pragma=busy_timeout(5000)")
	}
}

// dsnOf returns the DSN of a dialector, which each driver has in a field of that name. It
// reports false if there is none, as when the application has opened the pool itself.
func dsnOf(dialector gorm.Dialector) (dsn string, known bool) {
	v := reflect.Indirect(reflect.ValueOf(dialector))
	if v.Kind() != reflect.Struct {
		return "", false
	}
	field := v.FieldByName("DSN")
	if !field.IsValid() || field.Kind() != reflect.String {
		return "", false
	}
	return field.String(), field.String() != ""
}
