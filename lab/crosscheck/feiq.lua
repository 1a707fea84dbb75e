-- FeiQ (飞秋) and IP Messenger for Wireshark and tshark, 4.0 or newer. Its one rule: it is a reading of its own, so
-- every number of the protocol is written down here and nowhere fetched; every byte shown is a byte of the packet.
--
--   version ":" packet-no ":" user ":" host ":" command ":" body            one UDP datagram, port 2425
--   "1_lbt6_0#128#AABBCCDDEEFF#0#0#0#4001#9:1238605487:klaus:pc:288:Nice day!" NUL
--
--   command = a 32 bit number in decimal digits: the low 8 bits are the mode, the high 24 bits are flags whose
--             meaning depends on the mode.
--   body    = sections, each ended by a NUL (the last one may go without).
--
-- Use: tshark -X lua_script:feiq.lua -r capture.pcapng -Y 'feiq.command == 32'
-- Sources: IP Messenger protocol, draft 14; FeiQ's part is known only from captures and other people's programs.

local feiq = Proto("feiq", "FeiQ / IP Messenger")

local PORT = 2425
local MAX_SHOWN = 80          -- characters of wire text in the Info column
local MAX_SECTIONS = 64       -- a hostile body could hold ten thousands; what is over stays in the last one
local MAX_ATTACHMENTS = 1000

local MODES = {
    [0x00] = "NOOPERATION", [0x01] = "BR_ENTRY", [0x02] = "BR_EXIT", [0x03] = "ANSENTRY", [0x04] = "BR_ABSENCE",
    [0x10] = "BR_ISGETLIST", [0x11] = "OKGETLIST", [0x12] = "GETLIST", [0x13] = "ANSLIST", [0x14] = "ANSLIST_DICT",
    [0x18] = "BR_ISGETLIST2", [0x20] = "SENDMSG", [0x21] = "RECVMSG", [0x23] = "FeiQ group message",
    [0x30] = "READMSG", [0x31] = "DELMSG", [0x32] = "ANSREADMSG", [0x40] = "GETINFO", [0x41] = "SENDINFO",
    [0x50] = "GETABSENCEINFO", [0x51] = "SENDABSENCEINFO", [0x60] = "GETFILEDATA", [0x61] = "RELEASEFILES",
    [0x62] = "GETDIRFILES", [0x63] = "DIRFILES_AUTH", [0x64] = "DIRFILES_AUTHRET", [0x72] = "GETPUBKEY",
    [0x73] = "ANSPUBKEY", [0x77] = "FeiQ hello", [0x78] = "FeiQ hello answer", [0x79] = "FeiQ typing",
    [0x7a] = "FeiQ typing ended", [0xa0] = "AGENT_REQ", [0xa1] = "AGENT_ANSREQ", [0xa2] = "AGENT_PACKET",
    [0xa3] = "AGENT_PROXYREQ", [0xb0] = "DIR_POLL", [0xb1] = "DIR_POLLAGENT", [0xb2] = "DIR_BROADCAST",
    [0xb3] = "DIR_ANSBROAD", [0xb4] = "DIR_PACKET", [0xb5] = "DIR_REQUEST", [0xb6] = "DIR_AGENTPACKET",
    [0xb7] = "DIR_EVBROAD", [0xb8] = "DIR_AGENTREJECT", [0xc0] = "FeiQ image chunk", [0xc1] = "FeiQ image chunk ack",
    [0xc9] = "FeiQ group presence", [0xd1] = "FeiQ shake", [0xd2] = "FeiQ shake ack", [0xd8] = "FeiQ probe",
}

-- The same bit has another name in another mode, so there is one table for each family of modes.
local COMMON = {
    { 0x00200000, "fileattach" }, { 0x00400000, "encrypt" }, { 0x00800000, "utf8" }, { 0x01000000, "caputf8" },
    { 0x02000000, "capipdict" }, { 0x04000000, "encextmsg" }, { 0x08000000, "clipboard" },
}
local FAMILIES = {
    presence = {
        { 0x00000100, "absence" }, { 0x00000200, "server" }, { 0x00010000, "dialup" }, { 0x00040000, "capfileenc" },
        { 0x10000000, "dirmaster" },
    },
    message = {
        { 0x00000100, "sendcheck" }, { 0x00000200, "secret" }, { 0x00000400, "broadcast" }, { 0x00000800, "multicast" },
        { 0x00001000, "nopopup" }, { 0x00002000, "autoret" }, { 0x00004000, "retry" }, { 0x00008000, "password" },
        { 0x00020000, "nolog" }, { 0x00080000, "noaddlist" }, { 0x00100000, "readcheck" },
    },
    file = { { 0x00000800, "encfile" } },
    read = { { 0x00100000, "readcheck" } },
    key = { { 0x00002000, "autoret" } },
    list = { { 0x00004000, "retry" } },
    other = {},
}
local FAMILY_OF = {
    [0x01] = "presence", [0x02] = "presence", [0x03] = "presence", [0x04] = "presence", [0x20] = "message",
    [0x30] = "read", [0x60] = "file", [0x62] = "file", [0x72] = "key", [0x18] = "list",
}

local FILE_TYPES = {
    [1] = "regular file", [2] = "directory", [3] = "return to parent", [4] = "symbolic link", [5] = "character device",
    [6] = "block device", [7] = "FIFO", [0x10] = "resource fork", [0x20] = "clipboard image",
}

local function str(name, label) return ProtoField.string("feiq." .. name, label) end
local function raw(name, label) return ProtoField.bytes("feiq." .. name, label) end

local F = {
    version = str("version", "Version"), protocol = str("version.protocol", "Protocol version"),
    family = str("version.family", "FeiQ family"), avatar = str("version.avatar", "Avatar"),
    level = str("version.level", "Level"), mac = str("version.mac", "MAC address (peer id and group key)"),
    avatar_size = str("version.avatar_size", "Size of the avatar image"),
    picture_size = str("version.picture_size", "Size of the personal picture"),
    group_length = str("version.group_length", "Length of the group ciphertext"),
    build = str("version.build", "Build"), draft = str("version.draft", "Draft"),
    packet_no = str("packet_no", "Packet number"), user = str("user", "User"), host = str("host", "Host"),
    command_number = ProtoField.uint32("feiq.command_number", "Command number", base.DEC),
    command = ProtoField.uint8("feiq.command", "Command", base.DEC, MODES),
    flags = ProtoField.uint32("feiq.flags", "Flags", base.HEX),
    unknown_flags = ProtoField.uint32("feiq.flags.unknown", "Bits without a name in this command", base.HEX),
    body = raw("body", "Body"), unparsed = raw("unparsed", "Not readable"),
    section = raw("section", "Section"), text = str("text", "Text"), nickname = str("nickname", "Nickname"),
    group = str("group", "Group"), extension = str("extension", "UTF-8 block"),
    encoding = str("encoding", "Encoding"), answered = str("answered_packet_no", "Answers packet number"),
    attachment = str("attachment", "Attachment"),
    attachment_id = ProtoField.uint32("feiq.attachment.id", "File id", base.DEC),
    attachment_name = str("attachment.name", "Name"),
    attachment_size = str("attachment.size", "Size (hexadecimal)"),
    attachment_mtime = str("attachment.mtime", "Modified (hexadecimal)"),
    attachment_attributes = ProtoField.uint32("feiq.attachment.attributes", "Attributes", base.HEX),
    attachment_type = ProtoField.uint8("feiq.attachment.type", "Type", base.DEC, FILE_TYPES),
    attachment_extension = str("attachment.extension", "Extension"),
    host_entry = str("host_entry", "Host list entry"),
    host_port = ProtoField.uint16("feiq.host_entry.port", "Port", base.DEC),
    ciphertext = raw("ciphertext", "Group ciphertext (Blowfish)"), data = raw("data", "Image data"),
    padding = raw("padding", "Padding"), gb18030 = str("gb18030", "Text decoded from GB18030"),
}
local FLAG_FIELDS = {}
local function name_flags(family)
    for _, flag in ipairs(family) do
        FLAG_FIELDS[flag[2]] = FLAG_FIELDS[flag[2]] or ProtoField.bool("feiq.flags." .. flag[2], flag[2])
    end
end
for _, family in pairs(FAMILIES) do name_flags(family) end
name_flags(COMMON)

local group, severity = expert.group, expert.severity
local E = {
    malformed = ProtoExpert.new("feiq.malformed", "Not a well-formed FeiQ packet", group.MALFORMED, severity.ERROR),
    undecodable = ProtoExpert.new("feiq.undecodable", "No encoding FeiQ uses", group.UNDECODED, severity.WARN),
    swapped_port = ProtoExpert.new("feiq.swapped_port", "The port's bytes are swapped", group.PROTOCOL, severity.NOTE),
    unterminated = ProtoExpert.new("feiq.unterminated", "No terminating NUL", group.PROTOCOL, severity.CHAT),
    unknown_command = ProtoExpert.new("feiq.unknown_command", "Unknown command", group.UNDECODED, severity.NOTE),
}

local fields, experts = {}, {}
for _, field in pairs(F) do fields[#fields + 1] = field end
for _, field in pairs(FLAG_FIELDS) do fields[#fields + 1] = field end
for _, info in pairs(E) do experts[#experts + 1] = info end
feiq.fields = fields
feiq.experts = experts
local decoded = Field.new("feiq.gb18030")
feiq.prefs.other_ports = Pref.bool("Look for FeiQ on every UDP port", true,
    "Besides port 2425, take any datagram with five well-formed header fields for FeiQ")

-- Strict UTF-8 (RFC 3629 section 4): no overlong forms, no surrogates, nothing above U+10FFFF.
local UTF8_FORMS = {
    "^[\1-\127]", "^[\194-\223][\128-\191]", "^\224[\160-\191][\128-\191]", "^[\225-\236\238\239][\128-\191][\128-\191]",
    "^\237[\128-\159][\128-\191]", "^\240[\144-\191][\128-\191][\128-\191]",
    "^[\241-\243][\128-\191][\128-\191][\128-\191]", "^\244[\128-\143][\128-\191][\128-\191]",
}
-- GB18030: one byte, two bytes, four bytes. A trail byte is never a colon, a BEL or a NUL.
local GB18030_FORMS = {
    "^[\1-\127]", "^[\129-\254][\64-\126\128-\254]", "^[\129-\254][0-9][\129-\254][0-9]",
}

local function follows(raw, forms)
    local at = 1
    while at <= #raw do
        local last
        for _, form in ipairs(forms) do
            local _, found = raw:find(form, at)
            last = last or found
        end
        if not last then return false end
        at = last + 1
    end
    return true
end

local function escaped(raw)
    return (raw:gsub("[^\32-\126]", function(byte) return string.format("\\x%02x", byte:byte()) end))
end

-- range:string(ENC_GB18030) cuts its answer at the length of the range (seen in 4.0: four bytes that make six of UTF-8
-- come back as four), so a hidden item decodes and its value is read back.
local function gb18030(tree, range)
    tree:add_packet_field(F.gb18030, range, ENC_GB18030):set_hidden()
    local found = { decoded() }
    return found[#found] and found[#found].value or escaped(range:raw())
end

-- What the sender most likely meant: UTF-8 if it says so or if it fits, else GB18030, else the bytes made visible.
local function decode(tree, range, says_utf8)
    local raw = range:raw()
    if follows(raw, UTF8_FORMS) then return raw, raw:find("[\128-\255]") and "UTF-8" or "ASCII" end
    if not says_utf8 and follows(raw, GB18030_FORMS) then
        local text = gb18030(tree, range)
        if not text:find("\239\191\189", 1, true) then return text, "GB18030" end
    end
    return escaped(raw), nil
end

-- Text for the Info column: nothing that moves a terminal's cursor, turns text around or hides in it.
local INVISIBLE = {
    "[\0-\31\127]", "\194[\128-\159]", "\194\173", "\216\156", "\226\128[\139-\143]", "\226\128[\168-\175]",
    "\226\129[\160-\175]", "\239\187\191", "\239\191[\176-\188]", "\243[\128-\191][\128-\191][\128-\191]",
}

local function visible(text)
    for _, pattern in ipairs(INVISIBLE) do text = text:gsub(pattern, escaped) end
    local shown, columns = {}, 0
    for character in text:gmatch("[\0-\127\192-\255][\128-\191]*") do
        columns = columns + 1
        if columns > MAX_SHOWN then
            shown[#shown + 1] = "…"
            break
        end
        shown[#shown + 1] = character
    end
    return table.concat(shown)
end

-- The pieces of `range` between separators, each with its range (without separator) and its whole range (with it).
local function split(range, separator, most)
    local pieces, raw, start = {}, range:raw(), 1
    while start <= #raw do
        local found = (not most or #pieces < most) and raw:find(separator, start, true) or nil
        local last = found and found - 1 or #raw
        pieces[#pieces + 1] = {
            raw = raw:sub(start, last),
            range = last >= start and range(start - 1, last - start + 1) or nil,
            whole = range(start - 1, (found or #raw) - start + 1),
            ended = found ~= nil,
        }
        start = (found or #raw) + 1
    end
    return pieces
end

local function text_of(tree, piece, says_utf8)
    if not piece.range then return "", "ASCII" end
    return decode(tree, piece.range, says_utf8)
end

local function add_text(tree, field, piece, says_utf8)
    local text, encoding = text_of(tree, piece, says_utf8)
    local item = tree:add(field, piece.whole, text)
    if not encoding then
        item:add_proto_expert_info(E.undecodable)
    elseif encoding ~= "ASCII" then
        item:add(F.encoding, piece.range, encoding):set_generated()
    end
    return item, text
end

local function whole_number(raw)
    if not raw:find("^%d+$") or #raw:gsub("^0+", "") > 10 then return nil end
    local value = tonumber(raw)
    return value <= 4294967295 and value or nil
end

-- Some clients count in milliseconds, so 32 bits are not enough.
local function is_packet_number(raw)
    return raw:find("^%d+$") ~= nil and #raw <= 20
end

local function hexadecimal(raw)
    return raw:find("^%x+$") and #raw:gsub("^0+", "") <= 8 and tonumber(raw, 16) or nil
end

local function has(value, bit)
    return math.floor(value / bit) % 2 == 1
end

--   1_lbt6_0#128#AABBCCDDEEFF#0#0#0#4001#9      FeiQ's version field: parts between '#', the last two may be missing
local VERSION_PARTS = { F.level, F.mac, F.avatar_size, F.picture_size, F.group_length, F.build, F.draft }

local function add_version(tree, piece)
    local item = add_text(tree, F.version, piece, false)
    if not piece.range then return {} end
    local parts = split(piece.range, "#")
    if not parts[1] or not parts[1].range then return {} end
    local names = split(parts[1].range, "_")
    for index, field in ipairs({ F.protocol, F.family, F.avatar }) do
        if names[index] then add_text(item, field, names[index], false) end
    end
    for index, field in ipairs(VERSION_PARTS) do
        if parts[index + 1] then add_text(item, field, parts[index + 1], false) end
    end
    return parts
end

local function add_flags(tree, range, number, mode)
    local flags = number - mode
    local left = flags
    local item = tree:add(F.flags, range, flags):set_generated()
    local names = {}
    for _, known in ipairs({ FAMILIES[FAMILY_OF[mode] or "other"], COMMON }) do
        for _, flag in ipairs(known) do
            local set = has(flags, flag[1])
            item:add(FLAG_FIELDS[flag[2]], range, set):set_generated()
            if set then
                left = left - flag[1]
                names[#names + 1] = flag[2]
            end
        end
    end
    if left > 0 then item:add(F.unknown_flags, range, left):set_generated() end
    if #names > 0 then item:append_text(" (" .. table.concat(names, ", ") .. ")") end
    return names, has(flags, 0x00800000), has(flags, 0x00200000)
end

--   fileid ":" name ":" size ":" mtime ":" attr [":" key "=" val ...] ":" BEL     id decimal, the rest hexadecimal
local function add_attachment(tree, piece, says_utf8)
    local item = add_text(tree, F.attachment, piece, says_utf8)
    if not piece.range then return end
    -- A colon inside a name is doubled, so only here does a separator have to be looked at twice.
    local raw, parts, start, at = piece.raw, {}, 1, 1
    while at <= #raw + 1 do
        if raw:sub(at, at + 1) == "::" and #parts == 1 then
            at = at + 2
        elseif at > #raw or raw:sub(at, at) == ":" then
            parts[#parts + 1] = { raw = raw:sub(start, at - 1), range = at > start and piece.range(start - 1, at - start),
                whole = piece.range(start - 1, math.min(at, #raw) - start + 1) }
            start, at = at + 1, at + 1
            if start > #raw then break end
        else
            at = at + 1
        end
    end
    local id, attributes = parts[1] and whole_number(parts[1].raw), parts[5] and hexadecimal(parts[5].raw)
    if not id or not attributes or not hexadecimal(parts[4].raw) or not parts[3].raw:find("^%x+$") then
        item:add_proto_expert_info(E.malformed, "An attachment is id:name:size:mtime:attributes:")
        return
    end
    item:add(F.attachment_id, parts[1].whole, id)
    local name = text_of(tree, parts[2], says_utf8):gsub("::", ":")
    item:add(F.attachment_name, parts[2].whole, name)
    item:add(F.attachment_size, parts[3].whole, parts[3].raw)
    item:add(F.attachment_mtime, parts[4].whole, parts[4].raw)
    item:add(F.attachment_attributes, parts[5].whole, attributes)
    item:add(F.attachment_type, parts[5].whole, attributes % 256)
    for index = 6, #parts do
        if parts[index].range then add_text(item, F.attachment_extension, parts[index], says_utf8) end
    end
end

local function add_attachments(tree, section, says_utf8)
    local entries = split(section.range, "\7", MAX_ATTACHMENTS)
    for index, entry in ipairs(entries) do
        -- The NUL that ends the section goes with the last entry.
        if index == #entries and section.ended then
            entry.whole = section.whole(entry.whole:offset() - section.whole:offset())
        end
        -- Some senders put the entry's last colon after the BEL.
        if entry.raw:sub(1, 1) == ":" then
            entry.raw, entry.range = entry.raw:sub(2), #entry.raw > 1 and entry.range(1) or nil
        end
        if entry.raw ~= "" then add_attachment(tree, entry, says_utf8) end
    end
end

--   next BEL count BEL *( user BEL host BEL status BEL ip BEL port BEL nick BEL group BEL )
-- The port is in network order read as a host number: 2425 from a little-endian sender is 30985.
local function add_host_list(tree, section, says_utf8)
    local parts = split(section.range, "\7")
    for first = 3, #parts - 6, 7 do
        local item = add_text(tree, F.host_entry, parts[first], says_utf8)
        local port = whole_number(parts[first + 4].raw)
        if port and port <= 65535 then
            local port_item = item:add(F.host_port, parts[first + 4].whole, port)
            if port % 256 * 256 + math.floor(port / 256) == PORT and port ~= PORT then
                port_item:append_text(" (2425 with its bytes swapped)"):add_proto_expert_info(E.swapped_port)
            end
        end
    end
end

local PRESENCE_SECTIONS = { F.nickname, F.group }
local ANSWERS = { [0x21] = true, [0x30] = true, [0x31] = true, [0x32] = true, [0x61] = true }

local function section_field(mode, index, raw)
    if mode >= 1 and mode <= 4 or mode == 0x77 then
        return raw:sub(1, 1) == "\n" and F.extension or PRESENCE_SECTIONS[index]
    end
    if index == 1 then return ANSWERS[mode] and F.answered or F.text end
    return nil
end

local function add_sections(tree, range, mode, says_utf8, attaches)
    -- A late retry is padded with zero bytes (IP Messenger 4.99 adds 64); two in a row can still be an empty group.
    local used = #range:raw():gsub("\0+$", "")
    if range:len() - used > 3 then
        tree:add(F.padding, range(used + 1))
        range = range(0, used + 1)
    end
    local sections, first_text = split(range, "\0", MAX_SECTIONS), ""
    for index, section in ipairs(sections) do
        local item = tree:add(F.section, section.whole)
        local field = section_field(mode, index, section.raw)
        if field then
            local _, text = add_text(item, field, section, says_utf8)
            if index == 1 then first_text = text end
        end
        if section.range and index == 2 and mode == 0x20 and attaches then add_attachments(item, section, says_utf8) end
        if section.range and index == 1 and mode == 0x13 then add_host_list(item, section, says_utf8) end
    end
    if not sections[#sections].ended then tree:add_proto_expert_info(E.unterminated) end
    return first_text
end

local function add_body(tree, range, mode, parts, says_utf8, attaches)
    tree:add(F.body, range)
    if mode == 0x23 then
        local length = parts[6] and whole_number(parts[6].raw)
        if length and length > 0 and length <= range:len() then
            tree:add(F.ciphertext, range(0, length))
            if length < range:len() then tree:add(F.padding, range(length)) end
            return ""
        end
    end
    if mode == 0xc0 then
        local header = split(range, "\0", 1)
        local _, text = add_text(tree, F.text, header[1], says_utf8)
        if header[2] then tree:add(F.data, header[2].whole) end
        return text
    end
    return add_sections(tree, range, mode, says_utf8, attaches)
end

local function well_formed(range)
    local pieces = split(range, ":", 5)
    return #pieces >= 5 and pieces[5].ended and pieces[1].raw:find("^1") ~= nil and is_packet_number(pieces[2].raw)
        and pieces[3].raw ~= "" and pieces[4].raw ~= "" and whole_number(pieces[5].raw) ~= nil
end

local function malformed(tree, pinfo, range, why)
    tree:add_proto_expert_info(E.malformed, why)
    tree:add(F.unparsed, range)
    pinfo.cols.info:set("Malformed FeiQ: " .. why)
    return range:len()
end

local HEADER_NAMES = { "version", "packet number", "user", "host", "command" }

function feiq.dissector(tvb, pinfo, root)
    if tvb:len() == 0 then return 0 end
    local range = tvb:range()
    pinfo.cols.protocol:set("FeiQ")
    local tree = root:add(feiq, range)
    local pieces = split(range, ":", 5)
    for index, name in ipairs(HEADER_NAMES) do
        if not pieces[index] or not pieces[index].ended then
            return malformed(tree, pinfo, range, "no colon after the " .. name)
        end
    end
    local version_parts = add_version(tree, pieces[1])
    add_text(tree, F.packet_no, pieces[2], false)
    local number = whole_number(pieces[5].raw)
    local says_utf8 = number ~= nil and has(number, 0x00800000)
    local _, user = add_text(tree, F.user, pieces[3], says_utf8)
    local _, host = add_text(tree, F.host, pieces[4], says_utf8)
    if not number then
        return malformed(tree, pinfo, pieces[5].whole, "the command is not a 32 bit number in decimal")
    end
    if not is_packet_number(pieces[2].raw) then
        tree:add_proto_expert_info(E.malformed, "the packet number is not a decimal number")
    end
    local mode = number % 256
    local command = tree:add(F.command_number, pieces[5].whole, number)
    local mode_item = command:add(F.command, pieces[5].whole, mode):set_generated()
    if not MODES[mode] then mode_item:add_proto_expert_info(E.unknown_command) end
    local names, _, attaches = add_flags(command, pieces[5].whole, number, mode)
    local text = pieces[6] and add_body(tree, range(pieces[6].whole:offset() - range:offset()), mode, version_parts,
        says_utf8, attaches) or ""
    local info = string.format("%s from %s@%s", MODES[mode] or string.format("command %d", mode), user, host)
    if #names > 0 then info = info .. " [" .. table.concat(names, ", ") .. "]" end
    pinfo.cols.info:set(visible(info) .. (text ~= "" and ": " .. visible(text) or ""))
    tree:append_text(": " .. visible(info))
    return tvb:len()
end

DissectorTable.get("udp.port"):add(PORT, feiq)

feiq:register_heuristic("udp", function(tvb, pinfo, root)
    if not feiq.prefs.other_ports or tvb:len() < 10 or not well_formed(tvb:range()) then return false end
    feiq.dissector(tvb, pinfo, root)
    return true
end)
