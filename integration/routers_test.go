package integration

import (
	"io"
	"net/http"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/go-chi/chi/v5"
	chimiddleware "github.com/go-chi/chi/v5/middleware"
	"github.com/gorilla/mux"
	"github.com/labstack/echo/v4"

	"github.com/quiescehq/quiesce/httpmode"
	"github.com/quiescehq/quiesce/sqlguard"
)

// byChi is the site by chi.
func (a *app) byChi(use ...func(http.Handler) http.Handler) http.Handler {
	r := chi.NewRouter()
	r.Use(use...)
	r.Use(chimiddleware.Recoverer)
	for _, page := range a.routes() {
		r.Method(page.method, page.path, page.handle)
	}
	return r
}

// byGorillaMux is the site by gorilla/mux.
func (a *app) byGorillaMux(use ...mux.MiddlewareFunc) http.Handler {
	r := mux.NewRouter()
	r.Use(use...)
	for _, page := range a.routes() {
		r.Handle(page.path, page.handle).Methods(page.method)
	}
	return r
}

// byEcho is the site by echo, where a handler returns its error to those around it.
func (a *app) byEcho(pre, use []echo.MiddlewareFunc) *echo.Echo {
	e := echo.New()
	e.Pre(pre...)
	e.Use(use...)
	for _, page := range a.routes() {
		e.Add(page.method, page.path, echo.WrapHandler(page.handle))
	}
	e.GET("/visit", func(c echo.Context) error {
		if err := a.insert(c.Request(), "a visit"); err != nil {
			return err
		}
		return c.String(http.StatusOK, "visited")
	})
	return e
}

// byGin is the site by gin, where a handler panics.
func (a *app) byGin() http.Handler {
	gin.SetMode(gin.ReleaseMode)
	e := gin.New()
	e.HandleMethodNotAllowed = true
	e.Use(gin.CustomRecoveryWithWriter(io.Discard, func(c *gin.Context, _ any) {
		c.AbortWithStatusJSON(http.StatusInternalServerError, gin.H{"error": "broken"})
	}))
	for _, page := range a.routes() {
		if page.path == "/visit" {
			continue
		}
		e.Handle(page.method, page.path, gin.WrapF(page.handle))
	}
	e.GET("/visit", func(c *gin.Context) {
		if err := a.insert(c.Request, "a visit"); err != nil {
			panic(err)
		}
		c.String(http.StatusOK, "visited")
	})
	return e
}

// rendered has echo's central error handler answer within the middleware around it.
// Echo itself calls it when all middleware has returned.
func rendered(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if err := next(c); err != nil {
			c.Error(err)
		}
		return nil
	}
}

// around puts the middleware around what a router makes.
func around(router func(*app) http.Handler) func(*app, *httpmode.Middleware) http.Handler {
	return func(a *app, m *httpmode.Middleware) http.Handler { return m.Handler(router(a)) }
}

func TestRouters(t *testing.T) {
	for _, s := range []stack{
		{name: "http.ServeMux", build: around(func(a *app) http.Handler { return a.mux() })},
		{name: "chi", build: around(func(a *app) http.Handler { return a.byChi() })},
		{name: "chi, which uses the middleware first", build: func(a *app, m *httpmode.Middleware) http.Handler {
			return a.byChi(m.Handler)
		}},
		{name: "gorilla/mux", build: around(func(a *app) http.Handler { return a.byGorillaMux() })},
		{name: "echo", build: around(func(a *app) http.Handler { return a.byEcho(nil, nil) })},
		{name: "gin", build: around(func(a *app) http.Handler { return a.byGin() })},
	} {
		s.journey(t)
	}
}

// These have found the handler by the time that they call their middleware, or look
// for it by the request as it came. The documentation says to put ours around them; if somebody does not, a form that became a GET
// reaches the handler of the POST, and the driver refuses.
func TestMiddlewareWithinARouterLetsNothingBeSaved(t *testing.T) {
	for _, s := range []stack{
		{name: "gorilla/mux", build: func(a *app, m *httpmode.Middleware) http.Handler {
			return a.byGorillaMux(m.Handler)
		}},
		{name: "echo", build: func(a *app, m *httpmode.Middleware) http.Handler {
			return a.byEcho(nil, []echo.MiddlewareFunc{echo.WrapMiddleware(m.Handler), rendered})
		}},
		{name: "echo before it routes, which it does by the request that came", build: func(a *app, m *httpmode.Middleware) http.Handler {
			return a.byEcho([]echo.MiddlewareFunc{echo.WrapMiddleware(m.Handler), rendered}, nil)
		}},
	} {
		t.Run(s.name, func(t *testing.T) {
			s := s.serve(t, true)
			s.logIn(t)
			opened := s.get(t, "/comments").form()
			s.flip(t, getOnly)
			s.post(t, "/comments", opened, "one").wantsKindness(t, "a form in get-only mode", httpmode.CauseWrite)
			s.get(t, "/visit").wantsKindness(t, "a page that writes", httpmode.CauseWrite)
			s.flip(t, anonymous)
			s.wantsGuest(t)
			s.flip(t, off)
			if got := s.saved(t); got != "" {
				t.Errorf("saved is %q", got)
			}
		})
	}
}

// The report of observe mode names the route, which the router is asked for.
func TestRouteOfARouterIsReported(t *testing.T) {
	s := stack{}
	var routes *chi.Mux
	s.config.Route = func(r *http.Request) string {
		return routes.Find(chi.NewRouteContext(), r.Method, r.URL.Path)
	}
	s.build = func(a *app, m *httpmode.Middleware) http.Handler {
		routes = chi.NewRouter()
		routes.Get("/visits/{id}", a.visit)
		return m.Handler(routes)
	}
	site := s.serve(t, true)
	site.flip(t, sqlguard.Change{Mode: sqlguard.Observe})
	site.get(t, "/visits/17").wants(t, "a page", 200, "visited")
	report := site.guard.Report().In(sqlguard.GroupReadRoute)
	if len(report) != 1 || report[0].Label != "GET /visits/{id}" {
		t.Errorf("the report has %+v", report)
	}
}
