"""A CONNECT proxy that says it is every host, with a certificate of its own, and
brings everything to one place: so a client that knows only the vendor's address meets
the stand-in.

    proxy.py TARGET_PORT CERTIFICATE KEY

Prints its own port, and serves until it is ended.
"""

import socket
import ssl
import sys
import threading

target = ("127.0.0.1", int(sys.argv[1]))
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[2], sys.argv[3])
# No h2: the stand-in speaks HTTP/1.1.
context.set_alpn_protocols(["http/1.1"])


def pump(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:
        pass
    finally:
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def serve(client):
    try:
        head = b""
        while b"\r\n\r\n" not in head:
            piece = client.recv(4096)
            if not piece:
                return
            head += piece
        if not head.startswith(b"CONNECT "):
            client.sendall(b"HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n")
            return
        client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        inner = context.wrap_socket(client, server_side=True)
        outer = socket.create_connection(target)
        threading.Thread(target=pump, args=(inner, outer), daemon=True).start()
        pump(outer, inner)
    except OSError as error:
        print(f"proxy: {error}", file=sys.stderr)
    finally:
        client.close()


listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
while True:
    connection, _ = listener.accept()
    threading.Thread(target=serve, args=(connection,), daemon=True).start()
