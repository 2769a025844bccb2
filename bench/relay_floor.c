/* relay_floor: the least that a relay can do, the floor that the guard is measured against.
 *
 *   relay_floor LISTEN_PORT UPSTREAM_PORT        both on 127.0.0.1
 *
 * One thread, level-triggered epoll, one recv() and one send() for every piece of data, nothing looked at. What could
 * not be sent at once is kept (at most one read's worth) and the other side is not read until it has gone out.
 * It never looks up names, never logs a connection, and ends with SIGTERM. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { kReadBytes = 65536, kEventsPerWait = 128 };

struct leg {
  int descriptor;
  struct leg* peer;
  bool closed;          /* waits to be freed at the end of the event loop's round */
  bool waits_for_write; /* `unsent` is to be written here before the peer is read again */
  size_t unsent_length;
  char* unsent;
  struct leg* next_closed;
};

static int poller;
static struct leg* closed_legs;
static char scratch[kReadBytes];

static void fail(const char* what) {
  perror(what);
  exit(1);
}

static void watch(struct leg* leg, int operation, uint32_t events) {
  struct epoll_event event = {.events = events, .data.ptr = leg};
  if (epoll_ctl(poller, operation, leg->descriptor, &event) < 0) fail("epoll_ctl");
}

static void no_delay(int descriptor) {
  int one = 1;
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

static void close_leg(struct leg* leg) {
  if (leg->closed) return;
  leg->closed = true;
  close(leg->descriptor);
  leg->next_closed = closed_legs;
  closed_legs = leg;
}

static void close_pair(struct leg* leg) {
  close_leg(leg);
  close_leg(leg->peer);
}

static void free_closed_legs(void) {
  while (closed_legs != NULL) {
    struct leg* leg = closed_legs;
    closed_legs = leg->next_closed;
    free(leg->unsent);
    free(leg);
  }
}

/* Moves one piece from `from` to its peer. */
static void relay(struct leg* from) {
  struct leg* to = from->peer;
  ssize_t got = recv(from->descriptor, scratch, sizeof scratch, 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) {
    close_pair(from);
    return;
  }
  ssize_t sent = send(to->descriptor, scratch, (size_t)got, MSG_NOSIGNAL);
  if (sent < 0) {
    if (errno != EAGAIN && errno != EINTR) {
      close_pair(from);
      return;
    }
    sent = 0;
  }
  if (sent == got) return;
  to->unsent_length = (size_t)(got - sent);
  to->unsent = malloc(to->unsent_length);
  if (to->unsent == NULL) fail("malloc");
  memcpy(to->unsent, scratch + sent, to->unsent_length);
  to->waits_for_write = true;
  watch(to, EPOLL_CTL_MOD, EPOLLOUT | (from->waits_for_write ? 0U : (uint32_t)EPOLLIN));
  watch(from, EPOLL_CTL_MOD, from->waits_for_write ? EPOLLOUT : 0U);
}

static void send_rest(struct leg* to) {
  ssize_t sent = send(to->descriptor, to->unsent, to->unsent_length, MSG_NOSIGNAL);
  if (sent < 0) {
    if (errno != EAGAIN && errno != EINTR) close_pair(to);
    return;
  }
  to->unsent_length -= (size_t)sent;
  if (to->unsent_length > 0) {
    memmove(to->unsent, to->unsent + sent, to->unsent_length);
    return;
  }
  free(to->unsent);
  to->unsent = NULL;
  to->waits_for_write = false;
  watch(to, EPOLL_CTL_MOD, to->peer->waits_for_write ? 0U : (uint32_t)EPOLLIN);
  watch(to->peer, EPOLL_CTL_MOD, EPOLLIN | (to->peer->waits_for_write ? (uint32_t)EPOLLOUT : 0U));
}

static void accept_client(int listener, const struct sockaddr_in* upstream) {
  int client = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
  if (client < 0) return;
  int server = socket(AF_INET, SOCK_STREAM, 0);
  if (server < 0) fail("socket");
  if (connect(server, (const struct sockaddr*)upstream, sizeof *upstream) < 0) {
    close(client);
    close(server);
    return;
  }
  no_delay(client);
  no_delay(server);
  struct leg* front = calloc(1, sizeof *front);
  struct leg* back = calloc(1, sizeof *back);
  if (front == NULL || back == NULL) fail("calloc");
  front->descriptor = client;
  front->peer = back;
  back->descriptor = server;
  back->peer = front;
  /* Non-blocking from here on: the connect above is on loopback and done. */
  int flags = 1;
  if (ioctl(server, FIONBIO, &flags) < 0) fail("ioctl");
  watch(front, EPOLL_CTL_ADD, EPOLLIN);
  watch(back, EPOLL_CTL_ADD, EPOLLIN);
}

int main(int argc, char** argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: relay_floor LISTEN_PORT UPSTREAM_PORT\n");
    return 1;
  }
  struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[1]))};
  here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  struct sockaddr_in upstream = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[2]))};
  upstream.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  int one = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (listener < 0 || bind(listener, (struct sockaddr*)&here, sizeof here) < 0 || listen(listener, 4096) < 0)
    fail("listen");
  poller = epoll_create1(0);
  if (poller < 0) fail("epoll_create1");
  struct leg door = {.descriptor = listener};
  watch(&door, EPOLL_CTL_ADD, EPOLLIN);
  for (;;) {
    struct epoll_event events[kEventsPerWait];
    int count = epoll_wait(poller, events, kEventsPerWait, -1);
    if (count < 0 && errno != EINTR) fail("epoll_wait");
    for (int i = 0; i < count; i++) {
      struct leg* leg = events[i].data.ptr;
      if (leg == &door) {
        accept_client(listener, &upstream);
        continue;
      }
      if (leg->closed) continue;
      if (leg->waits_for_write && (events[i].events & (EPOLLOUT | EPOLLERR | EPOLLHUP))) send_rest(leg);
      if (leg->closed || leg->peer->waits_for_write) {
        /* A peer that cannot take more: only a dead connection is acted on. */
        if (!leg->closed && (events[i].events & (EPOLLERR | EPOLLHUP))) close_pair(leg);
        continue;
      }
      if (events[i].events & (EPOLLIN | EPOLLERR | EPOLLHUP)) relay(leg);
    }
    free_closed_legs();
  }
}
