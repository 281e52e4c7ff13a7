package dialect_test

import "strings"

// pgType is a type of Postgres, and values at its edges: each as a literal, and
// how data shows it. NULL is an edge of every type.
type pgType struct {
	name  string
	edges []pgEdge
}

type pgEdge struct{ literal, want string }

// pgTypes are all types that a column may have, by the names that pg_type has,
// and a few of the kinds that users make: see pgUserTypes.
var pgTypes = []pgType{
	{"bool", []pgEdge{{"true", `true`}, {"false", `false`}}},
	{"int2", []pgEdge{{"-32768", `-32768`}, {"32767", `32767`}, {"0", `0`}}},
	{"int4", []pgEdge{{"-2147483648", `-2147483648`}, {"2147483647", `2147483647`}}},
	{"int8", []pgEdge{{"-9223372036854775808", `-9223372036854775808`}, {"9223372036854775807", `9223372036854775807`}}},
	{"oid", []pgEdge{{"0", `"0"`}, {"4294967295", `"4294967295"`}}},
	{"xid", []pgEdge{{"4294967295", `"4294967295"`}}},
	{"xid8", []pgEdge{{"18446744073709551615", `"18446744073709551615"`}}},
	{"cid", []pgEdge{{"7", `"7"`}}},
	{"tid", []pgEdge{{"(0,1)", `"(0,1)"`}}},
	{"pg_lsn", []pgEdge{{"16/B374D848", `"16/B374D848"`}}},
	{"pg_snapshot", []pgEdge{{"10:20:10,14", `"10:20:10,14"`}}},
	{"txid_snapshot", []pgEdge{{"10:20:10,14", `"10:20:10,14"`}}},
	{"numeric", []pgEdge{
		{"1.50", `1.5`},
		{"-0.00", `0`},
		{"123456789.125", `123456789.125`},
		{"12345678901234567890.12345", `12345678901234567890.12345`},
		{"0.1234567890123456789", `0.1234567890123456789`},
		{"1" + strings.Repeat("0", 400), "1" + strings.Repeat("0", 400)},
		{strings.Repeat("9", 131072), strings.Repeat("9", 131072)},
		{"NaN", `"NaN"`},
		{"Infinity", `"Infinity"`},
		{"-Infinity", `"-Infinity"`},
	}},
	{"float4", []pgEdge{
		{"0.1", `0.1`},
		{"-0", `-0`},
		{"1e-45", `1e-45`},
		{"3.4028235e38", `3.4028235e+38`},
		{"NaN", `"NaN"`},
		{"Infinity", `"Infinity"`},
		{"-Infinity", `"-Infinity"`},
	}},
	{"float8", []pgEdge{
		{"0.30000000000000004", `0.30000000000000004`},
		{"-0", `-0`},
		{"5e-324", `5e-324`},
		{"1.7976931348623157e308", `1.7976931348623157e+308`},
		{"NaN", `"NaN"`},
		{"Infinity", `"Infinity"`},
		{"-Infinity", `"-Infinity"`},
	}},
	{"text", pgTexts(
		"", "plain", `"quoted" 'twice' \back`, "<b>&amp;</b>\u2028", "Žofie 🙂", "tab\t line\n bell\x07 del\x7f", "NULL", "{}", "%s ? $1 {}", `\x00`,
	)},
	{"varchar", pgTexts("", "eight ch", "ŽŽŽŽŽŽŽŽ")},
	{"bpchar", pgTexts("", "five!", "a", "a ")},
	{"char", pgTexts("", "x", "'")},
	{"name", pgTexts("", strings.Repeat("n", 63), "Ž")},
	{"refcursor", pgTexts("", "c")},
	{"uuid", []pgEdge{
		{"F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6", `"f81d4fae-7dec-11d0-a765-00a0c91e6bf6"`},
		{"00000000-0000-0000-0000-000000000000", `"00000000-0000-0000-0000-000000000000"`},
	}},
	{"bytea", []pgEdge{{"", `""`}, {`\x00ff`, `"00ff"`}, {`\x5c27`, `"5c27"`}}},
	{"bit", []pgEdge{{"101", `"101"`}, {"000", `"000"`}}},
	{"varbit", []pgEdge{{"", `""`}, {"10101", `"10101"`}}},
	{"date", []pgEdge{
		{"2026-02-03", `"2026-02-03T00:00:00Z"`},
		{"4713-01-01 BC", `"-4712-01-01T00:00:00Z"`},
		{"5874897-12-31", `"5874897-12-31T00:00:00Z"`},
		{"infinity", `"infinity"`},
		{"-infinity", `"-infinity"`},
	}},
	{"timestamp", []pgEdge{
		{"2026-02-03 04:05:06.123456", `"2026-02-03T04:05:06.123456Z"`},
		{"2026-02-03 24:00:00", `"2026-02-04T00:00:00Z"`},
		{"4713-01-01 00:00:00 BC", `"-4712-01-01T00:00:00Z"`},
		{"294276-12-31 23:59:59.999999", `"294276-12-31T23:59:59.999999Z"`},
		{"infinity", `"infinity"`},
		{"-infinity", `"-infinity"`},
	}},
	{"timestamptz", []pgEdge{
		{"2026-02-03 04:05:06.123+05:45", `"2026-02-02T22:20:06.123Z"`},
		{"1890-02-03 04:05:06+00", `"1890-02-03T04:05:06Z"`},
		{"4713-01-01 00:00:00+00 BC", `"-4712-01-01T00:00:00Z"`},
		{"294276-12-31 23:59:59+00", `"294276-12-31T23:59:59Z"`},
		{"infinity", `"infinity"`},
		{"-infinity", `"-infinity"`},
	}},
	{"time", []pgEdge{{"00:00:00", `"00:00:00"`}, {"24:00:00", `"24:00:00"`}, {"23:59:59.999999", `"23:59:59.999999"`}}},
	{"timetz", []pgEdge{{"24:00:00+05:45", `"24:00:00+05:45"`}, {"00:00:00-15:59:59", `"00:00:00-15:59:59"`}}},
	{"interval", []pgEdge{
		{"00:00:00", `"00:00:00"`},
		{"1 year -2 mons +3 days -04:05:06.000001", `"10 mons 3 days -04:05:06.000001"`},
		{"178000000 years", `"178000000 years"`},
		{"-178000000 years", `"-178000000 years"`},
	}},
	{"json", []pgEdge{
		{`{"a" : [1, null]}`, `{"a" : [1, null]}`},
		{`""`, `""`},
		{`null`, `null`},
		{`"\u0000"`, `"\u0000"`},
		{`["\ud800", "\udc00", "\\u0000"]`, `["\ud800", "\udc00", "\\u0000"]`},
		{`1e400`, `1e400`},
	}},
	{"jsonb", []pgEdge{{`{"b":1,"a":[1.50,null]}`, `{"a": [1.50, null], "b": 1}`}, {`"Ž'\\"`, `"Ž'\\"`}, {`null`, `null`}}},
	{"jsonpath", []pgEdge{{`$.a[*]`, `"$.\"a\"[*]"`}}},
	{"xml", []pgEdge{{`<a b="c">Ž</a>`, `"<a b=\"c\">Ž</a>"`}, {"", `""`}, {"text", `"text"`}}},
	{"inet", []pgEdge{{"10.0.0.1/8", `"10.0.0.1/8"`}, {"::1", `"::1"`}}},
	{"cidr", []pgEdge{{"10.0.0.0/8", `"10.0.0.0/8"`}, {"2001:db8::/32", `"2001:db8::/32"`}}},
	{"macaddr", []pgEdge{{"08:00:2B:01:02:03", `"08:00:2b:01:02:03"`}}},
	{"macaddr8", []pgEdge{{"08:00:2b:01:02:03:04:05", `"08:00:2b:01:02:03:04:05"`}}},
	{"point", []pgEdge{{"(0.30000000000000004,-0)", `"(0.30000000000000004,-0)"`}, {"(NaN,Infinity)", `"(NaN,Infinity)"`}}},
	{"line", []pgEdge{{"{1,2,0.30000000000000004}", `"{1,2,0.30000000000000004}"`}}},
	{"lseg", []pgEdge{{"[(0,0),(1,0.30000000000000004)]", `"[(0,0),(1,0.30000000000000004)]"`}}},
	{"box", []pgEdge{{"(1,0.30000000000000004),(0,0)", `"(1,0.30000000000000004),(0,0)"`}}},
	{"path", []pgEdge{{"[(0,0),(1,0.30000000000000004)]", `"[(0,0),(1,0.30000000000000004)]"`}, {"((0,0))", `"((0,0))"`}}},
	{"polygon", []pgEdge{{"((0,0),(1,0.30000000000000004))", `"((0,0),(1,0.30000000000000004))"`}}},
	{"circle", []pgEdge{{"<(0,0),0.30000000000000004>", `"<(0,0),0.30000000000000004>"`}}},
	{"tsvector", []pgEdge{{"", `""`}, {"'Ž''':1A b", `"'b' 'Ž''':1A"`}}},
	{"tsquery", []pgEdge{{"'a' & !'b'", `"'a' & !'b'"`}}},
	{"int4range", []pgEdge{{"empty", `"empty"`}, {"(,)", `"(,)"`}, {"[1,4]", `"[1,5)"`}}},
	{"int8range", []pgEdge{{"empty", `"empty"`}, {"[-9223372036854775808,)", `"[-9223372036854775808,)"`}}},
	{"numrange", []pgEdge{{"[1.0,1.50]", `"[1.0,1.50]"`}, {"[1.00,1.5]", `"[1.00,1.5]"`}}},
	{"daterange", []pgEdge{{"[2026-02-03,2026-03-04)", `"[2026-02-03,2026-03-04)"`}, {"[-infinity,0044-03-15 BC)", `"[-infinity,\"0044-03-15 BC\")"`}}},
	{"tsrange", []pgEdge{{"[2026-02-03 04:05:06.5,infinity]", `"[\"2026-02-03 04:05:06.5\",infinity]"`}}},
	{"tstzrange", []pgEdge{{"[2026-02-03 04:05:06+05:45,)", `"[\"2026-02-02 22:20:06+00\",)"`}}},
	{"int4multirange", []pgEdge{{"{}", `"{}"`}, {"{[1,3),[5,6)}", `"{[1,3),[5,6)}"`}}},
	{"int8multirange", []pgEdge{{"{(,5)}", `"{(,5)}"`}}},
	{"nummultirange", []pgEdge{{"{[1.0,2.00]}", `"{[1.0,2.00]}"`}}},
	{"datemultirange", []pgEdge{{"{[2026-02-03,2026-03-04)}", `"{[2026-02-03,2026-03-04)}"`}}},
	{"tsmultirange", []pgEdge{{"{[2026-02-03 04:05:06,)}", `"{[\"2026-02-03 04:05:06\",)}"`}}},
	{"tstzmultirange", []pgEdge{{"{[2026-02-03 04:05:06+05:45,)}", `"{[\"2026-02-02 22:20:06+00\",)}"`}}},
}

// pgUserTypes are types that users make, with what makes them.
var pgUserTypes = []struct {
	pgType

	make string
}{
	{pgType{"mood", pgTexts("", "sad", "Ž' ok")}, `CREATE TYPE mood AS ENUM ('', 'sad', 'Ž'' ok')`},
	{pgType{"realm", pgTexts("", "a")}, `CREATE DOMAIN realm AS text CHECK (length(VALUE) < 9)`},
	{pgType{"period", []pgEdge{
		{"1 day", `"1 day"`},
		{"1 year -04:05:06", `"1 year -04:05:06"`},
	}}, `CREATE DOMAIN period AS interval`},
	{pgType{"pair", []pgEdge{
		{`("a ""b""",1 day,2026-02-03 04:05:06+05:45)`, `{"name":"a \"b\"","length":"1 day","at":"2026-02-02T22:20:06+00:00"}`},
		{`(,,)`, `{"name":null,"length":null,"at":null}`},
	}}, `CREATE TYPE pair AS (name text, length interval, at timestamptz)`},
	{pgType{"floatrange", []pgEdge{{"[0.30000000000000004,1)", `"[0.30000000000000004,1)"`}}}, `CREATE TYPE floatrange AS RANGE (subtype = float8)`},
}

func pgTexts(texts ...string) []pgEdge {
	edges := make([]pgEdge, len(texts))
	for i, text := range texts {
		edges[i] = pgEdge{text, quotedJSON(text)}
	}
	return edges
}

// quotedJSON is a text as Postgres writes it in JSON.
func quotedJSON(text string) string {
	r := strings.NewReplacer(`"`, `\"`, `\`, `\\`, "\t", `\t`, "\n", `\n`, "\x07", `\u0007`)
	return `"` + r.Replace(text) + `"`
}

// pgKeys are the types that may stand in a template.
var pgKeys = strings.Fields("bool int2 int4 int8 oid xid8 pg_lsn text varchar bpchar char name uuid bit varbit time timetz inet cidr macaddr macaddr8 " +
	"int4range int8range numrange daterange tsrange tstzrange int4multirange int8multirange nummultirange datemultirange tsmultirange tstzmultirange mood realm")

// pgSession are the types whose texts depend on the session, so that a field has
// to state them.
var pgSession = strings.Fields("timestamptz interval bytea float4 float8 point line lseg box path polygon circle " +
	"daterange tsrange tstzrange datemultirange tsmultirange tstzmultirange period pair floatrange")

// pgNames are the types whose texts are names of something else.
var pgNames = strings.Fields("regclass regcollation regconfig regdictionary regnamespace regoper regoperator regproc regprocedure regrole regtype aclitem")
