package dialect_test

import "time"

// Typed has a column of every type of Postgres that a rule may name, v_ and the
// type's name, and one of an array of it, a_ and that.
type Typed struct {
	ID   uint
	Made time.Time

	Bool           *string `gorm:"column:v_bool;type:boolean"`
	Int2           *string `gorm:"column:v_int2;type:smallint"`
	Int4           *string `gorm:"column:v_int4;type:integer"`
	Int8           *string `gorm:"column:v_int8;type:bigint"`
	OID            *string `gorm:"column:v_oid;type:oid"`
	XID            *string `gorm:"column:v_xid;type:xid"`
	XID8           *string `gorm:"column:v_xid8;type:xid8"`
	CID            *string `gorm:"column:v_cid;type:cid"`
	TID            *string `gorm:"column:v_tid;type:tid"`
	PgLsn          *string `gorm:"column:v_pg_lsn;type:pg_lsn"`
	PgSnapshot     *string `gorm:"column:v_pg_snapshot;type:pg_snapshot"`
	TxidSnapshot   *string `gorm:"column:v_txid_snapshot;type:txid_snapshot"`
	Numeric        *string `gorm:"column:v_numeric;type:numeric"`
	Float4         *string `gorm:"column:v_float4;type:real"`
	Float8         *string `gorm:"column:v_float8;type:double precision"`
	Text           *string `gorm:"column:v_text;type:text"`
	Varchar        *string `gorm:"column:v_varchar;type:character varying(8)"`
	Bpchar         *string `gorm:"column:v_bpchar;type:bpchar"`
	Char           *string `gorm:"column:v_char;type:\"char\""`
	Name           *string `gorm:"column:v_name;type:name"`
	Refcursor      *string `gorm:"column:v_refcursor;type:refcursor"`
	UUID           *string `gorm:"column:v_uuid;type:uuid"`
	Bytea          *string `gorm:"column:v_bytea;type:bytea"`
	Bit            *string `gorm:"column:v_bit;type:bit(3)"`
	Varbit         *string `gorm:"column:v_varbit;type:bit varying"`
	Date           *string `gorm:"column:v_date;type:date"`
	Timestamp      *string `gorm:"column:v_timestamp;type:timestamp(6) without time zone"`
	Timestamptz    *string `gorm:"column:v_timestamptz;type:timestamp with time zone"`
	Time           *string `gorm:"column:v_time;type:time(6)"`
	Timetz         *string `gorm:"column:v_timetz;type:timetz"`
	Interval       *string `gorm:"column:v_interval;type:interval"`
	JSON           *string `gorm:"column:v_json;type:json"`
	JSONB          *string `gorm:"column:v_jsonb;type:jsonb"`
	Jsonpath       *string `gorm:"column:v_jsonpath;type:jsonpath"`
	XML            *string `gorm:"column:v_xml;type:xml"`
	Inet           *string `gorm:"column:v_inet;type:inet"`
	Cidr           *string `gorm:"column:v_cidr;type:cidr"`
	Macaddr        *string `gorm:"column:v_macaddr;type:macaddr"`
	Macaddr8       *string `gorm:"column:v_macaddr8;type:macaddr8"`
	Point          *string `gorm:"column:v_point;type:point"`
	Line           *string `gorm:"column:v_line;type:line"`
	Lseg           *string `gorm:"column:v_lseg;type:lseg"`
	Box            *string `gorm:"column:v_box;type:box"`
	Path           *string `gorm:"column:v_path;type:path"`
	Polygon        *string `gorm:"column:v_polygon;type:polygon"`
	Circle         *string `gorm:"column:v_circle;type:circle"`
	Tsvector       *string `gorm:"column:v_tsvector;type:tsvector"`
	Tsquery        *string `gorm:"column:v_tsquery;type:tsquery"`
	Int4range      *string `gorm:"column:v_int4range;type:int4range"`
	Int8range      *string `gorm:"column:v_int8range;type:int8range"`
	Numrange       *string `gorm:"column:v_numrange;type:numrange"`
	Daterange      *string `gorm:"column:v_daterange;type:daterange"`
	Tsrange        *string `gorm:"column:v_tsrange;type:tsrange"`
	Tstzrange      *string `gorm:"column:v_tstzrange;type:tstzrange"`
	Int4multirange *string `gorm:"column:v_int4multirange;type:int4multirange"`
	Int8multirange *string `gorm:"column:v_int8multirange;type:int8multirange"`
	Nummultirange  *string `gorm:"column:v_nummultirange;type:nummultirange"`
	Datemultirange *string `gorm:"column:v_datemultirange;type:datemultirange"`
	Tsmultirange   *string `gorm:"column:v_tsmultirange;type:tsmultirange"`
	Tstzmultirange *string `gorm:"column:v_tstzmultirange;type:tstzmultirange"`
	Mood           *string `gorm:"column:v_mood;type:mood"`
	Realm          *string `gorm:"column:v_realm;type:realm"`
	Period         *string `gorm:"column:v_period;type:period"`
	Pair           *string `gorm:"column:v_pair;type:pair"`
	Floatrange     *string `gorm:"column:v_floatrange;type:floatrange"`

	BoolArray           *string `gorm:"column:a_bool;type:boolean[]"`
	Int2Array           *string `gorm:"column:a_int2;type:smallint[]"`
	Int4Array           *string `gorm:"column:a_int4;type:integer[]"`
	Int8Array           *string `gorm:"column:a_int8;type:bigint[]"`
	OIDArray            *string `gorm:"column:a_oid;type:oid[]"`
	XIDArray            *string `gorm:"column:a_xid;type:xid[]"`
	XID8Array           *string `gorm:"column:a_xid8;type:xid8[]"`
	CIDArray            *string `gorm:"column:a_cid;type:cid[]"`
	TIDArray            *string `gorm:"column:a_tid;type:tid[]"`
	PgLsnArray          *string `gorm:"column:a_pg_lsn;type:pg_lsn[]"`
	PgSnapshotArray     *string `gorm:"column:a_pg_snapshot;type:pg_snapshot[]"`
	TxidSnapshotArray   *string `gorm:"column:a_txid_snapshot;type:txid_snapshot[]"`
	NumericArray        *string `gorm:"column:a_numeric;type:numeric[]"`
	Float4Array         *string `gorm:"column:a_float4;type:real[]"`
	Float8Array         *string `gorm:"column:a_float8;type:double precision[]"`
	TextArray           *string `gorm:"column:a_text;type:text[]"`
	VarcharArray        *string `gorm:"column:a_varchar;type:character varying(8)[]"`
	BpcharArray         *string `gorm:"column:a_bpchar;type:bpchar[]"`
	CharArray           *string `gorm:"column:a_char;type:\"char\"[]"`
	NameArray           *string `gorm:"column:a_name;type:name[]"`
	RefcursorArray      *string `gorm:"column:a_refcursor;type:refcursor[]"`
	UUIDArray           *string `gorm:"column:a_uuid;type:uuid[]"`
	ByteaArray          *string `gorm:"column:a_bytea;type:bytea[]"`
	BitArray            *string `gorm:"column:a_bit;type:bit(3)[]"`
	VarbitArray         *string `gorm:"column:a_varbit;type:bit varying[]"`
	DateArray           *string `gorm:"column:a_date;type:date[]"`
	TimestampArray      *string `gorm:"column:a_timestamp;type:timestamp(6) without time zone[]"`
	TimestamptzArray    *string `gorm:"column:a_timestamptz;type:timestamp with time zone[]"`
	TimeArray           *string `gorm:"column:a_time;type:time(6)[]"`
	TimetzArray         *string `gorm:"column:a_timetz;type:timetz[]"`
	IntervalArray       *string `gorm:"column:a_interval;type:interval[]"`
	JSONArray           *string `gorm:"column:a_json;type:json[]"`
	JSONBArray          *string `gorm:"column:a_jsonb;type:jsonb[]"`
	JsonpathArray       *string `gorm:"column:a_jsonpath;type:jsonpath[]"`
	XMLArray            *string `gorm:"column:a_xml;type:xml[]"`
	InetArray           *string `gorm:"column:a_inet;type:inet[]"`
	CidrArray           *string `gorm:"column:a_cidr;type:cidr[]"`
	MacaddrArray        *string `gorm:"column:a_macaddr;type:macaddr[]"`
	Macaddr8Array       *string `gorm:"column:a_macaddr8;type:macaddr8[]"`
	PointArray          *string `gorm:"column:a_point;type:point[]"`
	LineArray           *string `gorm:"column:a_line;type:line[]"`
	LsegArray           *string `gorm:"column:a_lseg;type:lseg[]"`
	BoxArray            *string `gorm:"column:a_box;type:box[]"`
	PathArray           *string `gorm:"column:a_path;type:path[]"`
	PolygonArray        *string `gorm:"column:a_polygon;type:polygon[]"`
	CircleArray         *string `gorm:"column:a_circle;type:circle[]"`
	TsvectorArray       *string `gorm:"column:a_tsvector;type:tsvector[]"`
	TsqueryArray        *string `gorm:"column:a_tsquery;type:tsquery[]"`
	Int4rangeArray      *string `gorm:"column:a_int4range;type:int4range[]"`
	Int8rangeArray      *string `gorm:"column:a_int8range;type:int8range[]"`
	NumrangeArray       *string `gorm:"column:a_numrange;type:numrange[]"`
	DaterangeArray      *string `gorm:"column:a_daterange;type:daterange[]"`
	TsrangeArray        *string `gorm:"column:a_tsrange;type:tsrange[]"`
	TstzrangeArray      *string `gorm:"column:a_tstzrange;type:tstzrange[]"`
	Int4multirangeArray *string `gorm:"column:a_int4multirange;type:int4multirange[]"`
	Int8multirangeArray *string `gorm:"column:a_int8multirange;type:int8multirange[]"`
	NummultirangeArray  *string `gorm:"column:a_nummultirange;type:nummultirange[]"`
	DatemultirangeArray *string `gorm:"column:a_datemultirange;type:datemultirange[]"`
	TsmultirangeArray   *string `gorm:"column:a_tsmultirange;type:tsmultirange[]"`
	TstzmultirangeArray *string `gorm:"column:a_tstzmultirange;type:tstzmultirange[]"`
	MoodArray           *string `gorm:"column:a_mood;type:mood[]"`
	RealmArray          *string `gorm:"column:a_realm;type:realm[]"`
	PeriodArray         *string `gorm:"column:a_period;type:period[]"`
	PairArray           *string `gorm:"column:a_pair;type:pair[]"`
	FloatrangeArray     *string `gorm:"column:a_floatrange;type:floatrange[]"`
}
