package model

import (
	"gorm.io/gorm/schema"
)

// exactTypes are the types that Postgres writes in JSON the same in every
// session, alone and in an array. A timestamptz alone is also written the same,
// because it contains its offset.
var exactTypes = map[string]bool{
	"bool": true, "boolean": true,
	"smallint": true, "integer": true, "int": true, "bigint": true, "int2": true, "int4": true, "int8": true,
	"smallserial": true, "serial": true, "bigserial": true,
	"numeric": true, "decimal": true, "dec": true,
	"text": true, "varchar": true, "character": true, "char": true, "bpchar": true, "citext": true, "name": true, "uuid": true,
	"date": true, "timestamp": true, "time": true, "timetz": true,
	"json": true, "jsonb": true, "jsonpath": true, "xml": true,
	"inet": true, "cidr": true, "macaddr": true, "macaddr8": true, "bit": true, "varbit": true,
	"oid": true, "xid": true, "xid8": true, "cid": true, "tid": true, "pg_lsn": true, "pg_snapshot": true, "txid_snapshot": true,
	"refcursor": true, "tsvector": true, "tsquery": true,
	"int4range": true, "int8range": true, "numrange": true, "int4multirange": true, "int8multirange": true, "nummultirange": true,
}

// Exact reports whether every session of Postgres writes a column the same, as
// far as the model tells.
func Exact(field *schema.Field) bool {
	name, _ := stated(field)
	switch KindOf(field) {
	case schema.Bool, schema.Int, schema.Uint, schema.Time:
		return true
	case schema.Bytes:
		return storedKinds[name] == schema.Bytes
	case schema.Float:
		return exactTypes[name]
	case schema.String:
		return exactTypes[name] || storedKinds[name] != "" || field.TagSettings["TYPE"] == ""
	default:
		return exactTypes[name]
	}
}
