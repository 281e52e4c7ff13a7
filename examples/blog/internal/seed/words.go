package seed

var names = []string{
	"ada", "bela", "carmen", "dmitri", "esther", "farid", "grace", "hanna", "igor", "june", "kofi", "lena", "mateo", "nora", "omar",
	"priya", "quentin", "rosa", "samir", "tove", "uma", "viktor", "wanda", "xenia", "yusuf", "zora", "anneke", "brett", "chidi", "dalia",
	"emil", "freya", "gustav", "hiro", "ines", "jonas", "katya", "luis", "mina", "noam",
}

// kinds are the words that patterns name.
var kinds = map[string][]string{
	"{thing}": {
		"sourdough", "old bicycle", "fountain pen", "telescope", "garden wall", "kite", "paper map", "radio", "teapot", "bookshelf",
		"canoe", "quilt", "allotment", "film camera", "sundial", "beehive", "harmonica", "lighthouse", "compost heap", "night train",
	},
	"{things}": {
		"bicycles", "bridges", "tomatoes", "owls", "footnotes", "maps", "clocks", "letters", "ferries", "dictionaries", "apple trees", "old tools",
	},
	"{tool}":    {"screwdriver", "notebook", "spirit level", "hand lens", "file", "kettle", "ball of string", "pencil", "magnet", "spare fuse"},
	"{quality}": {"quiet", "stubborn", "borrowed", "crooked", "patient", "half-finished", "reliable", "forgotten", "honest", "wobbly"},
	"{place}": {
		"the harbour", "my kitchen", "the reading room", "a village in the hills", "the back garden", "the station", "the flea market", "the shed",
	},
	"{time}":   {"one winter", "three evenings", "a whole Sunday", "ten years", "half an hour", "the last of the summer"},
	"{verb}":   {"mend", "draw", "measure", "carry", "paint", "sharpen", "explain", "photograph"},
	"{person}": {"my grandmother", "a neighbour", "the ferryman", "an old friend", "somebody on the train", "the librarian"},
}

var titles = []string{
	"what I learned from a {quality} {thing}", "why {things} matter", "a {thing} in {place}", "how to {verb} a {thing}", "in praise of {things}",
	"{time} with a {thing}", "the {quality} {thing}", "notes from {place}", "{person} and the {thing}", "on {things} and {things}",
	"the case against {things}", "how not to {verb} {things}",
}

var headings = []string{"what went wrong", "the {thing} itself", "tools", "what I would do again", "a word about {things}", "before you begin"}

var sentencesOf = []string{
	"it took {time}, and I would do it again.",
	"nobody tells you how *heavy* a {thing} is until you carry it across {place}.",
	"{person} once told me that {things} remember who made them.",
	"all you need is a {tool}, a {quality} {thing}, and {time}.",
	"I had meant to {verb} it at once; it has stood in {place} ever since.",
	"the trick is to {verb} the {thing} **before** it rains.",
	"there is a [short history of {things}](https://example.org/history) that gets most of this right.",
	"in {place} they do it differently, and perhaps better.",
	"what looks like a fault in {things} is often their whole point.",
	"I asked {person}, who laughed, and handed me a {tool}.",
	"if a {thing} can be {quality}, this one is.",
	"you can hear it from {place} when the wind is right.",
	"most advice about {things} is written by people who own one {tool} too many.",
	"so I began again, more slowly, and it worked.",
	"it is a {quality} {thing}, but it is mine.",
	"I keep a {tool} in {place} for days like that.",
	"we argued about {things} for {time}, and parted as friends.",
	"there are two ways to {verb} a {thing}, and I have now tried both.",
	"the {thing} was the easy part.",
	"ask me again after {time}.",
	"for once the {tool} was where I had left it.",
	"the second attempt was worse, which is how I knew that I was learning.",
}

var remarks = []string{
	"thank you for this. I have a {thing} that needs exactly that.",
	"I would add: never lend anybody your {tool}.",
	"{person} says the same about {things}.",
	"disagree about the {things}, but beautifully put.",
	"did you try it with a {quality} {tool}?",
	"more of this, please!",
	"I read it twice, in {place}.",
	"what about {things}?",
	"this made my day.",
	"mine took {time}. Worth it.",
}

var abouts = []string{
	"I write about {things} and {things}, mostly from {place}.",
	"owner of one {quality} {thing}. I {verb} things.",
	"{things}, {things}, and now and then a {thing}.",
	"here because of {person}.",
}

type foreignPost struct{ title, body string }

var foreignPosts = []foreignPost{
	{"מכתב מן הנמל", "הבוקר ירד ערפל, והמעבורת איחרה.\n\nIn the end she came.\n\n- תה\n- לחם\n- סבלנות"},
	{"عن الدراجات القديمة", "كل دراجة قديمة تعرف طريقها إلى البيت.\n\n> ببطء، ولكن بثقة.\n\nقال لي جاري ذلك قبل سنوات."},
	{"夜汽車のこと", "四番線から出る**夜汽車**は、いつも少し遅れて来る。\n\n窓の外には、海が見えるはずだった。"},
	{"Περί κήπων", "Ο κήπος θέλει *υπομονή* και νερό. Τα υπόλοιπα τα ξέρει μόνος του."},
	{"Письмо о чайниках", "Чайник кипит дольше, если на него смотреть. Проверено `трижды`."},
	{"बगीचे की दीवार", "दीवार टेढ़ी है, पर **मज़बूत** है। पड़ोसी हँसते हैं, और चाय पीने आते हैं।"},
	{"Über Fußnoten¹", "Fußnoten sind das Treppenhaus eines Buches: Dort trifft man die Nachbarn.\n\n¹ Wie diese."},
}
