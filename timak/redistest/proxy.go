package redistest

import (
	"bufio"
	"bytes"
	"net"
	"sync"
	"testing"
)

// Proxy is a way to a server on which requests and answers can be lost. Its methods
// may be called from any number of goroutines.
type Proxy struct {
	listener net.Listener
	server   string
	group    sync.WaitGroup

	mu    sync.Mutex
	conns map[net.Conn]bool
	down  bool // refuses connections
	order order
	hits  int
	late  []func() // requests that wait for Deliver
}

// order is what must happen to the next requests.
type order struct {
	fault Fault
	match []byte
	left  int
}

// Fault is what a proxy does to a request.
type Fault int

// What can happen to a request. In every case its connection is broken.
const (
	LoseAnswer Fault = iota + 1 // the server carries it out, and the answer is lost
	CutRequest                  // only its beginning reaches the server
	Late                        // it reaches the server when Deliver is called
)

// NewProxy starts a proxy for the server at a host:port, which ends when t does.
func NewProxy(t testing.TB, server string) *Proxy {
	t.Helper()
	listener, err := net.Listen("tcp", loopback+":0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{listener: listener, server: server, conns: map[net.Conn]bool{}}
	p.group.Go(p.serve)
	t.Cleanup(func() {
		_ = p.listener.Close()
		p.Cut()
		p.group.Wait()
	})
	return p
}

// Address returns the proxy's own host:port.
func (p *Proxy) Address() string { return p.listener.Addr().String() }

// URL returns the URL of the server by way of the proxy.
func (p *Proxy) URL() string { return "redis://" + p.Address() }

// Inject makes the next count requests that contain match suffer a fault. A request
// is a command, or a transaction from MULTI to EXEC. It is looked for in what arrives
// first of them: 32 KiB, as a rule.
func (p *Proxy) Inject(fault Fault, match string, count int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.order = order{fault, []byte(match), count}
}

// Hits returns how many requests have suffered a fault.
func (p *Proxy) Hits() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.hits
}

// Cut breaks all connections, and refuses new ones until Mend.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down = true
	for conn := range p.conns {
		_ = conn.Close()
	}
}

// Mend lets connections through again after Cut.
func (p *Proxy) Mend() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down = false
}

// Deliver sends the late requests to the server, and returns when it has answered
// them all.
func (p *Proxy) Deliver() {
	p.mu.Lock()
	late := p.late
	p.late = nil
	p.mu.Unlock()
	for _, deliver := range late {
		deliver()
	}
}

func (p *Proxy) serve() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.server)
		if err != nil || !p.admit(client, server) {
			_ = client.Close()
			if err == nil {
				_ = server.Close()
			}
			continue
		}
		link := &link{proxy: p, client: client, server: server.(*net.TCPConn), ended: make(chan struct{})}
		p.group.Go(link.requests)
		p.group.Go(link.answers)
	}
}

func (p *Proxy) admit(conns ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, conn := range conns {
		if !p.down {
			p.conns[conn] = true
		}
	}
	return !p.down
}

func (p *Proxy) forget(conns ...net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, conn := range conns {
		delete(p.conns, conn)
	}
}

// faultOf returns what must happen to a request; 0 if nothing.
func (p *Proxy) faultOf(request []byte) Fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.order.left == 0 || !bytes.Contains(request, p.order.match) {
		return 0
	}
	p.order.left--
	p.hits++
	return p.order.fault
}

// link is a connection by way of the proxy.
type link struct {
	proxy  *Proxy
	client net.Conn
	server *net.TCPConn
	ended  chan struct{} // closed when the server has ended it

	mu   sync.Mutex
	mute bool // answers are lost from now on
}

func (l *link) requests() {
	reader := bufio.NewReaderSize(l.client, 1<<20)
	for {
		fault, err := l.next(reader)
		if err == nil && fault == 0 {
			continue
		}
		if fault != LoseAnswer { // otherwise when the server is done
			_ = l.client.Close()
		}
		if fault != Late {
			_ = l.server.CloseWrite() // it still carries out what it has
		}
		return
	}
}

// next passes one request on, or does to it what was asked for.
func (l *link) next(reader *bufio.Reader) (Fault, error) {
	if _, err := reader.Peek(1); err != nil {
		return 0, err
	}
	arrived, _ := reader.Peek(reader.Buffered())
	fault := l.proxy.faultOf(arrived)
	if fault == CutRequest {
		_, err := l.server.Write(arrived[:len(arrived)/2])
		return fault, err
	}
	request, err := readRequest(reader)
	if err != nil {
		return fault, err
	}
	if fault != 0 {
		l.silence()
	}
	if fault == Late {
		l.proxy.hold(l, request)
		return fault, nil
	}
	_, err = l.server.Write(request)
	return fault, err
}

// answers passes answers on, or reads them in vain once they are to be lost.
func (l *link) answers() {
	defer l.end()
	buffer := make([]byte, 1<<20)
	for {
		n, err := l.server.Read(buffer)
		if err != nil {
			return
		}
		if l.silent() {
			continue
		}
		if _, err := l.client.Write(buffer[:n]); err != nil {
			return
		}
	}
}

func (l *link) end() {
	_ = l.client.Close()
	_ = l.server.Close()
	l.proxy.forget(l.client, l.server)
	close(l.ended)
}

func (l *link) silence() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.mute = true
}

func (l *link) silent() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.mute
}

// hold keeps a request for Deliver.
func (p *Proxy) hold(l *link, request []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.late = append(p.late, func() {
		if _, err := l.server.Write(request); err == nil {
			_ = l.server.CloseWrite()
			<-l.ended
		}
	})
}
