package browser_test

import (
	"net/http"
	"testing"
)

// An author's way from the account to its end: a draft, its publication, an edit, a comment.
func TestAuthor(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ann, reader := s.tab(t), s.tab(t)
	ann.signUp("ann")

	ann.open("/write")
	ann.fill("Title", "On kites")
	ann.fill("Text", "They need **wind**.")
	ann.click("Save as a draft")
	ann.sees("Saved as a draft.", "only you can see it")
	reader.open("/")
	reader.seesNot("On kites")

	ann.click("Publish")
	ann.sees("Published.")
	reader.open("/")
	reader.click("On kites")
	reader.sees("by ann", "They need wind.")

	ann.click("Edit")
	ann.fill("Title", "On kites and wind")
	ann.click("Save")
	ann.sees("Saved.", "On kites and wind", "edited")

	reader.signUp("reader")
	reader.open("/")
	reader.click("On kites and wind")
	reader.fill("Your comment", "And a string.")
	reader.click("Comment")
	reader.sees("Your comment is published.", "And a string.")
	reader.open("/")
	reader.sees("1 comment")

	reader.click("1 comment")
	reader.run("open the question", press("Delete"))
	reader.click("Yes, delete this comment")
	reader.sees("Your comment is deleted.", "No comments yet.")

	ann.click("Delete")
	ann.sees("Delete this post?")
	ann.click("Delete it")
	ann.sees("Deleted.")
	ann.open("/users/ann")
	ann.sees("ann has published nothing yet.")
	ann.write("A last word", "Good-bye.")
	reader.open("/")
	reader.sees("A last word")
	reader.seesNot("On kites")

	ann.open("/account")
	ann.click("Delete my account")
	ann.fill("Your password", passwordOf("ann"))
	ann.click("Delete it all")
	ann.sees("Your account is deleted.", "Log in")
	reader.open("/")
	reader.seesNot("A last word", "ann")
	if status := reader.open("/users/ann"); status != http.StatusNotFound {
		t.Errorf("the author's page: got %d", status)
	}
}

// A reader's way: follow an author, see what is new at home, and mark it read.
func TestReader(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ann, reader := s.tab(t), s.tab(t)
	ann.signUp("ann")
	ann.write("Before", "Written before anybody followed.")
	reader.signUp("reader")

	reader.open("/users/ann")
	reader.sees("Followers: 0")
	reader.click("Follow")
	reader.sees("You follow this author.", "Followers: 1", "Unfollow")
	reader.click("Home")
	reader.sees("1 unread", "Before")
	reader.click("Mark all read")
	reader.sees("Marked as read.")
	reader.seesNot("unread")

	ann.write("After", "Written for followers.")
	ann.write("Later", "Written for them, too.")
	reader.open("/home")
	reader.sees("2 unread", "After", "Later")
	reader.click("Mark all read")
	reader.sees("Marked as read.")
	reader.seesNot("unread")
	reader.open("/home")
	reader.sees("After", "Later")
	reader.seesNot("unread")

	reader.open("/users/ann")
	reader.click("Unfollow")
	reader.sees("You no longer follow this author.", "Followers: 0")
	reader.click("Home")
	reader.sees("Nothing here yet.")
	reader.seesNot("After", "Before")
}
