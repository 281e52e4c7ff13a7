package sqltext

// Language is the SQL of one database. The zero Language is SQLite.
type Language uint8

// The supported languages.
const (
	SQLite Language = iota
	Postgres
)

// LanguageOf returns the language of a database by GORM's name for it, and
// reports whether it is known.
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
