package redisstore

// SlotTags are slotTags.
var SlotTags = slotTags
