// Package audit compares timelines with the tables, and repairs them: it is behind
// Plugin.Verify and Plugin.Rebuild.
//
// It imports relay, outbox, dialect, model and sqltext, and the engine.
package audit
