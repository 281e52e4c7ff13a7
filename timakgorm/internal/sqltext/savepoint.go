package sqltext

import "strings"

// SavepointMove is what a statement does with a savepoint.
type SavepointMove uint8

// What a statement does with a savepoint. The zero SavepointMove is NoMove.
const (
	NoMove SavepointMove = iota
	SetsSavepoint
	RollsBack
	Releases
)

// SavepointIn returns what a statement, given as words, does with a savepoint,
// and the savepoint's name. The name is "" for NoMove.
func SavepointIn(words []string) (SavepointMove, string) {
	var plain []string
	for _, word := range words { // ROLLBACK TRANSACTION TO SAVEPOINT x
		switch lower := strings.ToLower(word); lower {
		case "work", "transaction":
		case "savepoint", "rollback", "release", "to":
			plain = append(plain, lower)
		default:
			plain = append(plain, strings.Trim(word, "\"`[]"))
		}
	}
	if len(plain) == 0 {
		return NoMove, ""
	}
	name := plain[len(plain)-1]
	switch strings.Join(plain[:len(plain)-1], " ") {
	case "savepoint":
		return SetsSavepoint, name
	case "rollback to", "rollback to savepoint":
		return RollsBack, name
	case "release", "release savepoint":
		return Releases, name
	default:
		return NoMove, ""
	}
}
