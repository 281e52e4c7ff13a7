// Package audit compares timelines with the tables, and repairs them: it is behind
// Plugin.Verify and Plugin.Rebuild.
package audit
