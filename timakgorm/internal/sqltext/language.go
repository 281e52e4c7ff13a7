package sqltext

// Language is the SQL of one database.
type Language uint8

// The languages that are read.
const (
	SQLite Language = iota
	Postgres
)

// LanguageOf returns the language of a database by GORM's name for it; false if
// none is known.
func LanguageOf(database string) (l Language, known bool) {
	switch database {
	case "postgres":
		return Postgres, true
	case "sqlite":
		return SQLite, true
	default:
		return 0, false
	}
}
