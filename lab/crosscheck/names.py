"""Which field is which: one neutral name, and what each reader calls it. Rule: words only, no number of a protocol.

Each line: neutral name | kind | reference | Scapy | tshark. Several words mean "whichever is there"; `-` means that the
reader has no name for it, so the field is counted as not read by that reader. `=` repeats the neutral name. After a
slash stands a part of a number: the reference's own name for it, or a mask of Scapy's value. A line that begins with
blanks goes on with the one before.

Kinds: number; mac, ipv4, ipv6 (addresses, shown as text by some); octets; text (ended by a NUL or a colon, which count
into the width and not into the value); entry (octets, the last of them with a NUL as in text); decimal (a number
written as text); run (adjacent fields taken as one).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal, get_args

Kind = Literal["number", "mac", "ipv4", "ipv6", "octets", "entry", "text", "decimal", "run"]

QUOTED = "quoted_"
"""How the fields of a packet begin that an ICMP error quotes."""

LINK = """
ethernet.destination      | mac    | = | Ether.dst Dot3.dst             | eth.dst
ethernet.source           | mac    | = | Ether.src Dot3.src             | eth.src
ethernet.type             | number | = | Ether.type Dot3.len            | eth.type eth.len
ethernet.padding | run | ethernet.padding ethernet.trailer | Padding.load | eth.padding eth.trailer vlan.trailer
vlan.priority | number | vlan.control/priority | Dot1Q.prio Dot1AD.prio | vlan.priority ieee8021ad.priority
vlan.drop_eligible        | number | vlan.control/drop_eligible | Dot1Q.dei Dot1AD.dei   | vlan.dei ieee8021ad.dei
vlan.id                   | number | vlan.control/id            | Dot1Q.vlan Dot1AD.vlan | vlan.id ieee8021ad.id
vlan.type | number | = | Dot1Q.type Dot1AD.type | vlan.etype vlan.len ieee8021ah.etype
arp.hardware_type         | number | = | ARP.hwtype | arp.hw.type
arp.protocol_type         | number | = | ARP.ptype  | arp.proto.type
arp.hardware_length       | number | = | ARP.hwlen  | arp.hw.size
arp.protocol_length       | number | = | ARP.plen   | arp.proto.size
arp.operation             | number | = | ARP.op     | arp.opcode
arp.sender_hardware       | mac    | = | ARP.hwsrc  | arp.src.hw_mac
arp.sender_protocol       | ipv4   | = | ARP.psrc   | arp.src.proto_ipv4
arp.target_hardware       | mac    | = | ARP.hwdst  | arp.dst.hw_mac
arp.target_protocol       | ipv4   | = | ARP.pdst   | arp.dst.proto_ipv4
"""

# These can also stand inside an ICMP error; `quoted` makes their second set of names.
NETWORK = """
ipv4.version              | number | ipv4.version_and_ihl/version                   | IP.version     | ip.version
ipv4.ihl                  | number | ipv4.version_and_ihl/ihl                       | IP.ihl         | ip.hdr_len
ipv4.dscp                 | number | ipv4.type_of_service/dscp                      | IP.tos/0xfc    | ip.dsfield.dscp
ipv4.ecn                  | number | ipv4.type_of_service/ecn                       | IP.tos/0x03    | ip.dsfield.ecn
ipv4.total_length         | number | =                                              | IP.len         | ip.len
ipv4.identification       | number | =                                              | IP.id          | ip.id
ipv4.reserved             | number | ipv4.flags_and_fragment_offset/reserved        | IP.flags/4     | ip.flags.rb
ipv4.do_not_fragment      | number | ipv4.flags_and_fragment_offset/do_not_fragment | IP.flags/2     | ip.flags.df
ipv4.more_fragments       | number | ipv4.flags_and_fragment_offset/more_fragments  | IP.flags/1     | ip.flags.mf
ipv4.fragment_offset      | number | ipv4.flags_and_fragment_offset/fragment_offset | IP.frag        | ip.frag_offset
ipv4.ttl                  | number | =                                              | IP.ttl         | ip.ttl
ipv4.protocol             | number | =                                              | IP.proto       | ip.proto
ipv4.header_checksum      | number | =                                              | IP.chksum      | ip.checksum
ipv4.source               | ipv4   | =                                              | IP.src         | ip.src
ipv4.destination          | ipv4   | =                                              | IP.dst         | ip.dst
ipv4.options | run | ipv4.option_kind ipv4.option_length ipv4.option_data ipv4.option_padding | IP.options |
    ip.options
ipv6.version              | number | ipv6.version_class_and_flow/version            | IPv6.version   | ipv6.version
ipv6.traffic_class        | number | ipv6.version_class_and_flow/traffic_class      | IPv6.tc        | ipv6.tclass
ipv6.flow_label           | number | ipv6.version_class_and_flow/flow_label         | IPv6.fl        | ipv6.flow
ipv6.payload_length       | number | =                                              | IPv6.plen      | ipv6.plen
ipv6.next_header          | number | =                                              | IPv6.nh        | ipv6.nxt
ipv6.hop_limit            | number | =                                              | IPv6.hlim      | ipv6.hlim
ipv6.source               | ipv6   | =                                              | IPv6.src       | ipv6.src
ipv6.destination          | ipv6   | =                                              | IPv6.dst       | ipv6.dst
udp.source_port           | number | =                                              | UDP.sport      | udp.srcport
udp.destination_port      | number | =                                              | UDP.dport      | udp.dstport
udp.length                | number | =                                              | UDP.len        | udp.length
udp.checksum              | number | =                                              | UDP.chksum     | udp.checksum
udp.payload               | run    | =                                              | UDP.payload    | udp.payload
tcp.source_port           | number | =                                              | TCP.sport      | tcp.srcport
tcp.destination_port      | number | =                                              | TCP.dport      | tcp.dstport
tcp.sequence_number       | number | =                                              | TCP.seq        | tcp.seq
tcp.acknowledgment_number | number | =                                              | TCP.ack        | tcp.ack
tcp.data_offset           | number | tcp.offset_and_flags/data_offset               | TCP.dataofs    | tcp.hdr_len
tcp.cwr                   | number | tcp.offset_and_flags/cwr                       | TCP.flags/0x80 | tcp.flags.cwr
tcp.ece                   | number | tcp.offset_and_flags/ece                       | TCP.flags/0x40 | tcp.flags.ece
tcp.urg                   | number | tcp.offset_and_flags/urg                       | TCP.flags/0x20 | tcp.flags.urg
tcp.ack                   | number | tcp.offset_and_flags/ack                       | TCP.flags/0x10 | tcp.flags.ack
tcp.psh                   | number | tcp.offset_and_flags/psh                       | TCP.flags/0x08 | tcp.flags.push
tcp.rst                   | number | tcp.offset_and_flags/rst                       | TCP.flags/0x04 | tcp.flags.reset
tcp.syn                   | number | tcp.offset_and_flags/syn                       | TCP.flags/0x02 | tcp.flags.syn
tcp.fin                   | number | tcp.offset_and_flags/fin                       | TCP.flags/0x01 | tcp.flags.fin
tcp.window | number | = | TCP.window | tcp.window_size_value
tcp.checksum              | number | =                                              | TCP.chksum     | tcp.checksum
tcp.urgent_pointer | number | = | TCP.urgptr | tcp.urgent_pointer
tcp.options | run | tcp.option_kind tcp.option_length tcp.option_data tcp.option_padding | TCP.options | tcp.options
"""

EXTENSIONS = """
hop_by_hop.next_header             | number | = | IPv6ExtHdrHopByHop.nh             | hop_by_hop.nxt
hop_by_hop.length                  | number | = | IPv6ExtHdrHopByHop.len            | hop_by_hop.len
hop_by_hop.option_type             | number | = | IPv6ExtHdrHopByHop.options.otype  | hop_by_hop.opt.type
hop_by_hop.option_length           | number | = | IPv6ExtHdrHopByHop.options.optlen | hop_by_hop.opt.length
destination_options.next_header    | number | = | IPv6ExtHdrDestOpt.nh              | destination_options.nxt
destination_options.length         | number | = | IPv6ExtHdrDestOpt.len             | destination_options.len
destination_options.option_type    | number | = | IPv6ExtHdrDestOpt.options.otype   | destination_options.opt.type
destination_options.option_length  | number | = | IPv6ExtHdrDestOpt.options.optlen  | destination_options.opt.length
ipv6_fragment.next_header          | number | = | IPv6ExtHdrFragment.nh             | ipv6.fraghdr.nxt
ipv6_fragment.reserved             | number | = | IPv6ExtHdrFragment.res1           | ipv6.fraghdr.reserved_octet
ipv6_fragment.fragment_offset | number | ipv6_fragment.offset_and_more/fragment_offset | IPv6ExtHdrFragment.offset |
    ipv6.fraghdr.offset
ipv6_fragment.reserved_bits | number | ipv6_fragment.offset_and_more/reserved_bits | IPv6ExtHdrFragment.res2 |
    ipv6.fraghdr.reserved_bits
ipv6_fragment.more_fragments | number | ipv6_fragment.offset_and_more/more_fragments | IPv6ExtHdrFragment.m |
    ipv6.fraghdr.more
ipv6_fragment.identification       | number | = | IPv6ExtHdrFragment.id             | ipv6.fraghdr.ident
"""

CONTROL = """
icmp.type                     | number | = | ICMP.type         | icmp.type
icmp.code                     | number | = | ICMP.code         | icmp.code
icmp.checksum                 | number | = | ICMP.chksum       | icmp.checksum
icmp.identifier               | number | = | ICMP.id           | icmp.ident
icmp.sequence_number          | number | = | ICMP.seq          | icmp.seq
icmp.unused                   | number | = | ICMP.reserved     | -
icmp.length                   | number | = | ICMP.length       | -
icmp.next_hop_mtu             | number | = | ICMP.nexthopmtu   | -
icmp.data                     | octets | = | -                 | -
igmp.type                     | number | = | -                 | igmp.type
igmp.max_response_code        | number | = | -                 | igmp.max_resp
igmp.checksum                 | number | = | -                 | igmp.checksum
igmp.group_address            | ipv4   | = | -                 | igmp.maddr
icmpv6.type                   | number | = | ICMPv6.type       | icmpv6.type
icmpv6.code                   | number | = | ICMPv6.code       | icmpv6.code
icmpv6.checksum               | number | = | ICMPv6.cksum      | icmpv6.checksum
icmpv6.identifier             | number | = | ICMPv6.id         | icmpv6.echo.identifier
icmpv6.sequence_number        | number | = | ICMPv6.seq        | icmpv6.echo.sequence_number
icmpv6.target                 | ipv6   | = | ICMPv6.tgt        | icmpv6.nd.ns.target_address icmpv6.nd.na.target_address
icmpv6.router                 | number | icmpv6.flags/router    | ICMPv6.R | icmpv6.nd.na.flag.r
icmpv6.solicited              | number | icmpv6.flags/solicited | ICMPv6.S | icmpv6.nd.na.flag.s
icmpv6.override               | number | icmpv6.flags/override  | ICMPv6.O | icmpv6.nd.na.flag.o
icmpv6.option_type            | number | = | ICMPv6.option.type   | icmpv6.opt.type
icmpv6.option_length          | number | = | ICMPv6.option.len    | icmpv6.opt.length
icmpv6.link_layer_address     | mac    | = | ICMPv6.option.lladdr | icmpv6.opt.linkaddr
mld.type                      | number | = | MLD.type            | mld.type
mld.code                      | number | = | MLD.code MLD.res    | mld.code
mld.checksum                  | number | = | MLD.cksum           | mld.checksum
mld.maximum_response_delay    | number | = | MLD.mrd             | icmpv6.mld.maximum_response_delay
mld.number_of_records         | number | = | MLD.records_number  | icmpv6.mldr.nb_mcast_records
mld.record_type               | number | = | MLD.records.rtype   | icmpv6.mldr.mar.record_type
mld.auxiliary_length          | number | = | MLD.records.auxdata_len    | icmpv6.mldr.mar.aux_data_len
mld.number_of_sources         | number | = | MLD.records.sources_number | icmpv6.mldr.mar.nb_sources
mld.multicast_address | ipv6 | = | MLD.mladdr MLD.records.dst |
    icmpv6.mld.multicast_address icmpv6.mldr.mar.multicast_address
"""

APPLICATION = """
tftp.opcode        | number  | = | LabTFTP.op             | tftp.opcode
tftp.filename      | text    | = | LabTFTP.filename       | tftp.source_file tftp.destination_file
tftp.mode          | text    | = | LabTFTP.mode           | tftp.type
tftp.block         | number  | = | LabTFTP.block          | tftp.block
tftp.data          | octets  | = | LabTFTP.data           | tftp.data
tftp.error_code    | number  | = | LabTFTP.error_code     | tftp.error.code
tftp.error_message | text    | = | LabTFTP.error_message  | tftp.error.message
tftp.option_name   | text    | = | LabTFTP.options.option | tftp.option.name
tftp.option_value  | text    | = | LabTFTP.options.value  | tftp.option.value
feiq.version       | text    | = | LabFeiQ.version        | feiq.version
feiq.packet_no     | decimal | = | LabFeiQ.packet_no      | feiq.packet_no
feiq.user          | text    | = | LabFeiQ.user           | feiq.user
feiq.host          | text    | = | LabFeiQ.host           | feiq.host
feiq.command       | decimal | = | LabFeiQ.command_no     | feiq.command_number
feiq.body          | run     | = | LabFeiQ.sections       | feiq.body
feiq.text          | text    | = | LabFeiQ.sections[0]    | feiq.text feiq.nickname feiq.answered_packet_no
feiq.group         | text    | = | -                      | feiq.group
feiq.extension     | text    | = | -                      | feiq.extension
feiq.attachment    | entry   | = | -                      | feiq.attachment
feiq.ciphertext    | octets  | = | -                      | feiq.ciphertext
"""


@dataclass(frozen=True, slots=True)
class Name:
    """One line of the table. A source is a reader's word for the field, `name` or `name/part`."""

    field: str
    kind: Kind
    reference: tuple[str, ...]
    scapy: tuple[str, ...]
    tshark: tuple[str, ...]

    def sources(self, reader: str) -> tuple[str, ...]:
        match reader:
            case "reference":
                return self.reference
            case "scapy":
                return self.scapy
            case "tshark":
                return self.tshark
        raise ValueError(f"no reader is called {reader!r}")


@cache
def names() -> dict[str, Name]:
    """The whole table, by neutral name; the network and transport layers once more as quoted ones."""
    plain = [_name(line) for table in (LINK, NETWORK, EXTENSIONS, CONTROL, APPLICATION) for line in _lines(table)]
    quoted = [_quoted(_name(line)) for line in _lines(NETWORK)]
    table = {name.field: name for name in (*plain, *quoted)}
    if len(table) != len(plain) + len(quoted):
        raise ValueError("the table names a field twice")
    return table


@cache
def sources(reader: str) -> dict[str, tuple[Name, ...]]:
    """A reader's own words, without the part after a slash, to the lines that they stand in."""
    found: dict[str, tuple[Name, ...]] = {}
    for name in names().values():
        for source in name.sources(reader):
            word = source.partition("/")[0]
            found[word] = (*found.get(word, ()), name)
    return found


def is_named_by(reader: str, field: str) -> bool:
    """Whether a reader has any word for this field; one that is not in the table is the reference's alone."""
    name = names().get(field)
    return bool(name.sources(reader)) if name else reader == "reference"


def _lines(table: str) -> list[str]:
    """The lines of a table; one that begins with blanks goes on with the line before."""
    return [line for line in table.replace("\n    ", " ").splitlines() if line]


def _name(line: str) -> Name:
    field, kind, *readers = (column.strip() for column in line.split("|"))
    for known in get_args(Kind):
        if kind == known:
            reference, scapy, tshark = (_words(column, field) for column in readers)
            return Name(field, known, reference, scapy, tshark)
    raise ValueError(f"{field} is of no known kind: {kind!r}")


def _words(column: str, field: str) -> tuple[str, ...]:
    if column == "-":
        return ()
    return tuple(field if word == "=" else word for word in column.split())


def _quoted(name: Name) -> Name:
    def mark(words: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(QUOTED + word for word in words)

    return Name(QUOTED + name.field, name.kind, mark(name.reference), mark(name.scapy), mark(name.tshark))
