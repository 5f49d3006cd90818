#include "core/options.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>

#include "core/options_json.h"
#include "support/expect_error.h"

namespace solstice {
namespace {

using testing::error_of;
using testing::fails_with;

enum class Colour { kRed, kBlue };

std::span<const Name<Colour>> name_table(Colour) {
  static constexpr std::array kNames{Name<Colour>{"red", Colour::kRed},
                                     Name<Colour>{"blue", Colour::kBlue},
                                     Name<Colour>{"azure", Colour::kBlue}};
  return kNames;
}

struct Paint {
  bool glossy = true;
  int64_t layers = 2;
  double thickness = 0.1;
  std::string note = "plain";
  std::vector<std::string> tags{"a", "b"};
  ByteSize room{64 << 20};
  Colour colour = Colour::kBlue;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("glossy", self.glossy, "whether it shines");
    visit("layers", self.layers, "coats", Range{1, 9});
    visit("thickness", self.thickness, "in millimetres", Range{0, 1});
    visit("note", self.note, "free text");
    visit("tags", self.tags, "words");
    visit("room", self.room, "space it takes");
    visit("colour", self.colour, "which one");
  }
};

Field field_of(Paint& paint, const std::string& name) {
  for (const Field& field : fields_of(paint)) {
    if (field.name == name) return field;
  }
  throw std::logic_error("no field " + name);
}

TEST(Options, ListTheirFieldsInOrder) {
  Paint paint;
  std::string names;
  for (const Field& field : fields_of(paint)) names += field.name + " ";
  EXPECT_EQ(names, "glossy layers thickness note tags room colour ");
  EXPECT_EQ(field_of(paint, "colour").choices, (std::vector<std::string>{"red", "blue", "azure"}));
  EXPECT_EQ(field_of(paint, "layers").kind, FieldKind::kInteger);
}

TEST(Options, ReadBackWhatTheyWrite) {
  Paint from;
  from.glossy = false;
  from.layers = 7;
  from.thickness = 1.0 / 3;
  from.note = "two words";
  from.tags = {"x"};
  from.room = {1500001};
  from.colour = Colour::kRed;
  Paint to;
  const std::vector<Field> sources = fields_of(from);
  const std::vector<Field> targets = fields_of(to);
  for (size_t i = 0; i < sources.size(); ++i) targets[i].set(sources[i].get());
  EXPECT_EQ(write_ini(targets), write_ini(sources));
  EXPECT_EQ(to.thickness, 1.0 / 3);
  EXPECT_EQ(to.colour, Colour::kRed);
}

TEST(Options, WriteAnIniWithTheirHelp) {
  Paint paint;
  const std::string ini = write_ini(fields_of(paint));
  EXPECT_EQ(ini.substr(0, ini.find("thickness =")),
            "# whether it shines\nglossy = true\n# coats\nlayers = 2\n# in millimetres\n");
  EXPECT_NE(ini.find("room = 64M\n"), std::string::npos);
  EXPECT_NE(ini.find("tags = a,b\n"), std::string::npos);
}

TEST(Options, GoThroughJsonWithItsTypes) {
  Paint from;
  from.layers = 5;
  from.thickness = 0.25;
  const nlohmann::ordered_json object = to_json(fields_of(from));
  EXPECT_EQ(object.dump(),
            R"({"glossy":true,"layers":5,"thickness":0.25,"note":"plain","tags":["a","b"],)"
            R"("room":"64M","colour":"blue"})");
  Paint to;
  from_json(fields_of(to), object);
  EXPECT_EQ(to_json(fields_of(to)), object);
}

TEST(Options, IgnoreUnknownJsonKeysAndRefuseWrongValues) {
  using Json = nlohmann::ordered_json;
  Paint paint;
  from_json(fields_of(paint), Json::parse(R"({"future":[1],"layers":3})"));
  EXPECT_EQ(paint.layers, 3);
  EXPECT_TRUE(fails_with("--layers: found \"10\"",
                         [&] { from_json(fields_of(paint), Json::parse(R"({"layers":10})")); }));
  EXPECT_TRUE(fails_with("--layers: found \"2.5\"",
                         [&] { from_json(fields_of(paint), Json::parse(R"({"layers":2.5})")); }));
  EXPECT_TRUE(fails_with("\"note\": found null",
                         [&] { from_json(fields_of(paint), Json::parse(R"({"note":null})")); }));
  EXPECT_TRUE(fails_with("expected a JSON object",
                         [&] { from_json(fields_of(paint), Json::parse("[]")); }));
}

TEST(Options, NameTheFlagTheValueAndTheRange) {
  Paint paint;
  EXPECT_EQ(error_of([&] { field_of(paint, "layers").set("0"); }),
            "--layers: found \"0\", expected a whole number from 1 to 9");
  EXPECT_EQ(error_of([&] { field_of(paint, "thickness").set("thin"); }),
            "--thickness: found \"thin\", expected a number from 0 to 1");
  EXPECT_EQ(error_of([&] { field_of(paint, "glossy").set("maybe"); }),
            "--glossy: found \"maybe\", expected true or false");
  EXPECT_EQ(paint.layers, 2);
}

TEST(Options, TakeAChoiceInAnyCase) {
  Paint paint;
  field_of(paint, "colour").set("RED");
  EXPECT_EQ(paint.colour, Colour::kRed);
  EXPECT_EQ(nearest_name("BLEU", {"red", "blue"}), "blue");
}

TEST(Options, NameTheNearestChoice) {
  Paint paint;
  EXPECT_EQ(error_of([&] { field_of(paint, "colour").set("bleu"); }),
            "--colour: found \"bleu\", expected one of red, blue, azure (did you mean \"blue\"?)");
  EXPECT_TRUE(
      fails_with("(did you mean \"azure\"?)", [&] { field_of(paint, "colour").set("azura"); }));
  field_of(paint, "colour").set("azure");
  EXPECT_EQ(field_of(paint, "colour").get(), "blue");
}

TEST(OptionText, ReadsWholeNumbersWhole) {
  using option_text::parse_integer;
  EXPECT_EQ(parse_integer("--n", "-9223372036854775808", {}), INT64_MIN);
  for (const char* text : {"", " 1", "1 ", "1.0", "0x10", "9223372036854775808", "one"}) {
    EXPECT_TRUE(fails_with("--n: found", [&] { parse_integer("--n", text, {}); })) << text;
  }
}

TEST(OptionText, ReadsFiniteNumbers) {
  using option_text::parse_real;
  EXPECT_EQ(parse_real("--x", "2e-4", {}), 2e-4);
  for (const char* text : {"", "nan", "inf", "-inf", "1e999", "1,5", "1x"}) {
    EXPECT_TRUE(fails_with("--x: found", [&] { parse_real("--x", text, {}); })) << text;
  }
}

TEST(OptionText, WritesTheShortestRealThatReadsBack) {
  for (const double value : {0.1, 2e-4, 1.0 / 3, 1e300, 0.0, -5.0}) {
    EXPECT_EQ(option_text::parse_real("--x", option_text::write_real(value), {}), value);
  }
  EXPECT_EQ(option_text::write_real(0.5), "0.5");
}

TEST(OptionText, ReadsSizesInPowersOf1024) {
  using option_text::parse_bytes;
  EXPECT_EQ(parse_bytes("--m", "1500000").bytes, 1500000);
  EXPECT_EQ(parse_bytes("--m", "512K").bytes, 512 << 10);
  EXPECT_EQ(parse_bytes("--m", "1.5GiB").bytes, 3LL << 29);
  EXPECT_EQ(parse_bytes("--m", "2t").bytes, 2LL << 40);
  for (const char* text : {"", "M", "-1", "1X", "1 G", "99999T", "nan"}) {
    EXPECT_TRUE(fails_with("--m: found", [&] { parse_bytes("--m", text); })) << text;
  }
  for (const int64_t bytes : {0LL, 1LL, 1023LL, 1024LL, 3LL << 30, 5LL << 50}) {
    EXPECT_EQ(parse_bytes("--m", option_text::write_bytes({bytes})).bytes, bytes);
  }
}

TEST(OptionText, ReadsListsWithoutEmptyWords) {
  EXPECT_EQ(option_text::parse_list(" a, b ,,c,"), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_TRUE(option_text::parse_list("").empty());
}

}  // namespace
}  // namespace solstice
