package tag

import (
	"regexp"
	"strings"
)

// strayed finds an option within a value: a name of an option, or after a comma and
// white space any name, followed by an equals sign.
var strayed = regexp.MustCompile(`(?s)(?:^|[,;\s])\s*((?:key|id|date|when|data|source|max|copy|audience)\s*=.*)$|,\s+([\pL_]\w*\s*=.*)$`)

// Stray reports whether a value has another option in it, as when a comma stands in
// place of the semicolon between two options. It returns the value without that option,
// and the option.
func Stray(value string) (rest, option string, found bool) {
	at := strayed.FindStringSubmatchIndex(value)
	if at == nil {
		return value, "", false
	}
	option = value[max(at[2], at[4]):]
	return strings.TrimSpace(value[:at[0]]), option, true
}
