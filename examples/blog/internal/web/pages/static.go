package pages

import (
	"embed"
	"io/fs"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/timak-go/timak/examples/blog/internal/web/route"
)

//go:embed static
var staticFiles embed.FS

func staticRoutes(e *echo.Echo) {
	static, err := fs.Sub(staticFiles, "static")
	if err != nil {
		panic(err) // the folder is embedded
	}
	serve := echo.WrapHandler(http.StripPrefix("/static/", http.FileServerFS(static)))
	for _, name := range []string{"style.css", "icon.svg", "dates.js", "live.js"} {
		route.Get(e, "/static/"+name, serve, route.CacheControl("public, max-age=3600"))
	}
	for _, name := range []string{"favicon.ico", "robots.txt"} { // where programs look for them
		route.Get(e, "/"+name, echo.WrapHandler(http.FileServerFS(static)), route.CacheControl("public, max-age=3600"))
	}
}
