"""links - a relay stands before each node, and all who ask for the node are sent over it: shardward, its
control connections, standbys. It holds back what passes, for a time that varies, and in its order: what
a slow network is, for a kernel without netem."""

import asyncio
import contextlib
import random
import threading

BEHIND = 5                  # a server listens so many ports above its relay
PIECE = 1 << 16


class Links:
    def __init__(self, servers):
        self.least_s = self.most_s = 0.0
        self.listeners = []
        for one in servers:
            one.behind = one.port + BEHIND
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self._call(self._listen(servers))

    def _call(self, work):
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(10)

    async def _listen(self, servers):
        for one in servers:
            async def accept(reader, writer, one=one):
                await self._join(one, reader, writer)
            self.listeners.append(await asyncio.start_server(accept, one.address, one.port))

    async def _join(self, one, reader, writer):
        try:
            its_reader, its_writer = await asyncio.open_connection(one.address, one.behind)
        except OSError:
            writer.transport.abort()
            return
        await asyncio.gather(self._pass_on(reader, its_writer), self._pass_on(its_reader, writer))

    async def _pass_on(self, reader, writer):
        pieces = asyncio.Queue()
        sender = self.loop.create_task(self._send(pieces, writer))
        due = 0.0
        with contextlib.suppress(OSError):
            while piece := await reader.read(PIECE):
                due = max(due, self.loop.time() + random.uniform(self.least_s, self.most_s))
                pieces.put_nowait((due, piece))
        pieces.put_nowait((due, b""))
        await sender

    async def _send(self, pieces, writer):
        try:
            while True:
                due, piece = await pieces.get()
                await asyncio.sleep(due - self.loop.time())
                if not piece:
                    return
                writer.write(piece)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()

    def delay(self, least_s, most_s):
        """Of all that passes from now on, each way."""
        self.least_s, self.most_s = least_s, most_s

    async def _end(self):
        for one in self.listeners:
            one.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def close(self):
        self._call(self._end())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()
